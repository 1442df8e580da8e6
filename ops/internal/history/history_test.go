package history

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// lived draws a history that a right gate gave: every operation happens at one moment
// between its call and its return, in the order of these moments. What is unknown may
// have happened or not.
func lived(t *rapid.T) []Op {
	g := rapid.SampledFrom(Groups()).Draw(t, "group")
	n := rapid.IntRange(1, 60).Draw(t, "operations")
	var ops []Op
	s, doc := state{docs: Base()}, 0
	for i := range n {
		at := time.Duration(i+1) * 10 * ms
		o := Op{Patient: 1, Group: g, Client: i % 4, Kind: rapid.SampledFrom([]Kind{Ingest, Consent, Block, Open, Show, Show}).Draw(t, "kind")}
		o.Call = at - time.Duration(rapid.IntRange(0, 40).Draw(t, "before"))*ms
		o.Return = at + time.Duration(rapid.IntRange(0, 40).Draw(t, "after"))*ms
		happens := true
		if !o.reads() && rapid.IntRange(0, 19).Draw(t, "unknown") == 0 {
			o.Return, happens = Unknown, rapid.Bool().Draw(t, "happens")
		}
		switch o.Kind {
		case Ingest:
			doc++
			o.Doc = doc
		case Consent, Block:
			o.On = rapid.Bool().Draw(t, "on")
		case Open:
			o.On = s.consent
		case Show:
			o.Docs = s.shown(g)
		}
		if happens {
			_, after := step(s, o, nil)
			s = after.(state)
		}
		ops = append(ops, o)
	}
	return ops
}

func TestWhatARightGateDidIsExplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if r := Check(lived(t), 20*time.Second); r.Verdict != OK {
			t.Fatalf("%+v", r)
		}
	})
}

// op makes an operation of a client that does one thing after another.
func op(kind Kind, at int, change func(*Op)) Op {
	o := Op{Patient: 1, Group: Other, Kind: kind, Call: time.Duration(at) * ms, Return: time.Duration(at+5) * ms}
	if change != nil {
		change(&o)
	}
	return o
}

func on(o *Op)  { o.On = true }
func off(o *Op) { o.On = false }

func saw(d Docs) func(*Op) { return func(o *Op) { o.Docs = d } }

func TestDefectsAreFound(t *testing.T) {
	base, one := Base(), Base().With(1)
	consented := []Op{op(Consent, 10, on), op(Show, 20, saw(base)), op(Ingest, 30, func(o *Op) { o.Doc = 1 })}
	for _, c := range []struct {
		name string
		then []Op
		want Verdict
	}{
		{"all is right", []Op{op(Show, 40, saw(one)), op(Block, 50, on), op(Show, 60, nil), op(Consent, 70, off), op(Open, 80, off), op(Show, 90, nil)}, OK},
		{"a stale read", []Op{op(Show, 40, saw(base))}, Illegal},
		{"an acknowledged record that is lost", []Op{op(Show, 40, saw(one)), op(Show, 50, saw(base))}, Illegal},
		{"shown after the end of the consent was acknowledged", []Op{op(Consent, 40, off), op(Show, 50, saw(one))}, Illegal},
		{"opened on a consent whose end was acknowledged", []Op{op(Consent, 40, off), op(Open, 50, on)}, Illegal},
		{"a block that is not honoured", []Op{op(Block, 40, on), op(Show, 50, saw(one))}, Illegal},
		{"a block that was honoured, and then was not", []Op{op(Block, 40, func(o *Op) { o.On, o.Return = true, Unknown }), op(Show, 50, nil), op(Show, 60, saw(one))}, Illegal},
		{"a block that nobody knows of yet", []Op{op(Block, 40, func(o *Op) { o.On, o.Return = true, Unknown }), op(Show, 50, saw(one)), op(Show, 60, nil)}, OK},
		{"a view that a consent did not open", []Op{op(Show, 40, nil)}, Illegal},
		{"a document out of nowhere", []Op{op(Show, 40, saw(one.With(7)))}, Illegal},
		{"an end that was never answered", []Op{op(Consent, 40, func(o *Op) { o.Return = Unknown }), op(Show, 50, saw(one)), op(Show, 60, nil)}, OK},
		{"a read at the same time as the end", []Op{op(Consent, 40, off), op(Show, 42, saw(one)), op(Show, 50, nil)}, OK},
		{"another patient is another object", []Op{op(Show, 40, func(o *Op) { o.Patient = 2 })}, OK},
	} {
		r := Check(append(slices.Clone(consented), c.then...), 10*time.Second)
		if r.Verdict != c.want {
			t.Errorf("%s: %+v, want %s", c.name, r, c.want)
		}
		if c.want == Illegal && (len(r.Where) != 1 || !strings.Contains(r.Where[0], "asked at")) {
			t.Errorf("%s: blames %q", c.name, r.Where)
		}
	}
}

// Whoever flips one answer of a true history has made one that is wrong, unless what is
// concurrent explains it: histories of one client have nothing concurrent.
func TestAFlippedAnswerIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := slices.DeleteFunc(lived(t), func(o Op) bool { return o.Return == Unknown })
		slices.SortFunc(ops, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
		s := state{docs: Base()}
		var reads []int
		for i := range ops { // one after another, with the answers that follow
			o := &ops[i]
			o.Call, o.Return = time.Duration(2*i)*ms, time.Duration(2*i+1)*ms
			switch o.Kind {
			case Open:
				o.On = s.consent
			case Show:
				o.Docs = s.shown(o.Group)
			}
			if o.reads() {
				reads = append(reads, i)
			}
			_, after := step(s, *o, nil)
			s = after.(state)
		}
		if len(reads) == 0 {
			return
		}
		o := &ops[rapid.SampledFrom(reads).Draw(t, "flipped")]
		if o.On = !o.On; o.Kind == Show {
			o.Docs[3] ^= 1 << 60 // a document that was never delivered
		}
		if r := Check(ops, 10*time.Second); r.Verdict != Illegal {
			t.Fatalf("%+v", r)
		}
	})
}

// What is not finished in time is unknown, never ok.
func TestTimeIsBounded(t *testing.T) {
	ops := []Op{op(Consent, 10, on), op(Show, 20, saw(Base()))}
	if r := Check(ops, 0); r.Verdict != Undecided || r.Undecided != 1 {
		t.Errorf("without time: %+v", r)
	}
	ops = nil
	for n := range 60 { // nobody knows which of them happened, and no order explains the end
		ops = append(ops, op(Ingest, 10, func(o *Op) { o.Doc, o.Return, o.Group = n+1, Unknown, Own }))
	}
	ops = append(ops, op(Show, 100, func(o *Op) { o.Group, o.Docs = Own, Base().With(100) }))
	started := time.Now()
	if r := Check(ops, 50*ms); r.Verdict != Undecided {
		t.Errorf("%+v", r)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// What was withheld is left out, and what was shown is not.
func TestDisclosures(t *testing.T) {
	on := func(o Op) Op { o.On = true; return o }
	consent := on(Op{Group: Other, Kind: Consent, Call: 1, Return: 2})
	late := Op{Group: Other, Kind: Open, Call: 3, Return: 4}
	nothing := Op{Group: Other, Kind: Show, Call: 3, Return: 4}
	ended := Op{Group: Other, Kind: Consent, Call: 5, Return: 6}
	leak := on(Op{Group: Other, Kind: Open, Call: 7, Return: 8})
	shown := Op{Group: Other, Kind: Show, Docs: Base(), Call: 7, Return: 8}
	for name, c := range map[string]struct {
		ops         []Op
		all, leaves Verdict
	}{
		"refused too long":      {[]Op{consent, late}, Illegal, OK},
		"nothing for too long":  {[]Op{consent, nothing}, Illegal, OK},
		"permitted too long":    {[]Op{consent, ended, leak}, Illegal, Illegal},
		"shown for too long":    {[]Op{consent, ended, shown}, Illegal, Illegal},
		"permitted in its time": {[]Op{consent, on(late), ended}, OK, OK},
	} {
		if got := Check(c.ops, time.Minute).Verdict; got != c.all {
			t.Errorf("%s: the whole is %v", name, got)
		}
		if got := Check(Disclosures(c.ops), time.Minute).Verdict; got != c.leaves {
			t.Errorf("%s: what was shown is %v", name, got)
		}
	}
}
