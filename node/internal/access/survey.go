package access

import (
	"cmp"
	"slices"

	"tvilling/protocol"
	"tvilling/raftfsm"
)

// Survey is what there is, without what it says: the lower rungs of the ladder of
// disclosure. It counts only what the commission's rights cover. Each answer is told
// on an active question alone. The zero value tells that there is nothing.
type Survey struct {
	Others    bool   // other care providers have information that is not blocked
	Blocked   bool   // some information is blocked for who asks
	Providers []Mark // which other care providers, sorted; without a basis none
}

// Mark is a care provider that has information.
type Mark struct {
	CareProvider string
	Has          bool // some that is not blocked
	Blocked      bool // some that is; told in an emergency alone, so that it can be asked to lift that
}

// Survey looks through the attributes of all documents of the patient and of the
// linked identities, in any order. Where the blocks are unknown it finds nothing of
// what they may hit: BlocksKnown tells whether it could look.
func (d *Decision) Survey(each func(yield func(raftfsm.Attributes) bool)) Survey {
	var s Survey
	if !d.permitted {
		return s
	}
	marks := map[string]Mark{}
	for a := range each {
		own := a.CareProvider == d.commission.CareProvider
		if d.outside(&a) != ReasonNone || own && a.CareUnit == d.commission.CareUnit {
			continue
		}
		state, _ := d.blocked(&a)
		s.Blocked = s.Blocked || state == BlockStands
		if own {
			continue
		}
		m := marks[a.CareProvider]
		m.CareProvider = a.CareProvider
		m.Has = m.Has || state == BlockNone
		m.Blocked = m.Blocked || state == BlockStands
		marks[a.CareProvider] = m
	}
	for _, m := range marks {
		s.Others = s.Others || m.Has
		if m, ok := d.tell(m); ok {
			s.Providers = append(s.Providers, m)
		}
	}
	slices.SortFunc(s.Providers, func(a, b Mark) int { return cmp.Compare(a.CareProvider, b.CareProvider) })
	return s
}

// tell returns what may be told of a care provider: who blocked, in an emergency alone.
func (d *Decision) tell(m Mark) (told Mark, ok bool) {
	switch d.ground.basis {
	case protocol.BasisConsent:
		m.Blocked = false
	case protocol.BasisEmergency:
	default:
		return Mark{}, false
	}
	return m, m.Has || m.Blocked
}

// BlocksKnown reports whether the blocks are known. Where they are not, that nothing
// was found to be blocked says nothing.
func (d Decision) BlocksKnown() bool { return d.blockState == BlockNone }
