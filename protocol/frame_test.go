package protocol

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/fnv"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func frameName(f Frame) string { return strings.ToLower(reflect.TypeOf(f).Name()) }

// constants returns the names of a file's constants that begin with a prefix.
func constants(t *testing.T, file, prefix string) []string {
	t.Helper()
	var names []string
	ast.Inspect(must(parser.ParseFile(token.NewFileSet(), file, nil, 0)), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok {
			for _, name := range spec.Names {
				if strings.HasPrefix(name.Name, prefix) {
					names = append(names, name.Name)
				}
			}
		}
		return true
	})
	return names
}

func TestGoldenFrames(t *testing.T) {
	seen := map[Kind]bool{}
	for _, f := range sampleFrames() {
		t.Run(frameName(f), func(t *testing.T) {
			if seen[f.Kind()] {
				t.Errorf("kind %d stands twice", f.Kind())
			}
			seen[f.Kind()] = true
			b := AppendFrame(nil, f)
			golden(t, "frame_"+frameName(f), b)
			got, err := DecodeFrame(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(f, got, same); diff != "" {
				t.Error(diff)
			}
		})
	}
	if kinds := constants(t, "frame.go", "Kind"); len(seen) != len(kinds) {
		t.Errorf("%d samples for %d kinds: %v", len(seen), len(kinds), kinds)
	}
}

func TestGoldenDocument(t *testing.T) {
	h, d := sampleHeader(), sampleBody()
	golden(t, "header", AppendHeader(nil, &h))
	golden(t, "body", AppendBody(nil, &d))
	gotHeader, err := DecodeHeader(AppendHeader(nil, &h))
	if diff := cmp.Diff(h, gotHeader, same); diff != "" || err != nil {
		t.Error(err, diff)
	}
	gotBody, err := DecodeBody(AppendBody(nil, &d))
	if diff := cmp.Diff(d, gotBody, same); diff != "" || err != nil {
		t.Error(err, diff)
	}
	used := map[NodeKind]bool{}
	for _, n := range d.Sections[0].Nodes {
		used[n.Kind] = true
	}
	used[d.Sections[0].Nodes[8].Children[0].Kind] = true
	if len(used) != int(nodeEnd)-1 {
		t.Errorf("the sample body has %d of %d kinds of node", len(used), nodeEnd-1)
	}
}

// TestZeroFrames holds that an empty frame of every type can be sent, with nothing
// in it but what the type's zero value says.
func TestZeroFrames(t *testing.T) {
	for _, f := range sampleFrames() {
		zero := reflect.Zero(reflect.TypeOf(f)).Interface().(Frame)
		got, err := DecodeFrame(AppendFrame(nil, zero))
		if diff := cmp.Diff(zero, got, same); diff != "" || err != nil {
			t.Errorf("%T: %v\n%s", f, err, diff)
		}
	}
}

func TestRawFrames(t *testing.T) {
	h, d := sampleHeader(), sampleBody()
	raw := []RawItem{{Key: sampleKey, Rev: 9, Header: AppendHeader(nil, &h)}, {Header: AppendHeader(nil, &Header{})}}
	items := []Item{{Key: sampleKey, Rev: 9, Header: h}, {}}
	batch := Batch{Generation: 1, From: 2, To: 3, Upserts: items, Removes: []DocumentKey{{9}}, Count: 4, Digest: 5}
	body := BodyFrame{Request: 1, Generation: 2, Document: sampleKey, Body: d}
	for name, pair := range map[string][2][]byte{
		"chunk": {AppendRawChunk([]byte("x"), 7, raw), AppendFrame([]byte("x"), Chunk{Generation: 7, Items: items})},
		"batch": {AppendRawBatch([]byte("x"), batch, raw), AppendFrame([]byte("x"), batch)},
		"body":  {AppendRawBody([]byte("x"), BodyFrame{Request: 1, Generation: 2, Document: sampleKey}, AppendBody(nil, &d)), AppendFrame([]byte("x"), body)},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("%s: raw and whole differ\n%x\n%x", name, pair[0], pair[1])
		}
	}
}

func TestAppendFramePanics(t *testing.T) {
	for name, write := range map[string]func(){
		"a pointer":                  func() { AppendFrame(nil, &Hello{}) },
		"a pointer to a node's":      func() { AppendFrame(nil, &Chunk{}) },
		"a node's, from the browser": func() { AppendClientFrame(nil, Chunk{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken for a frame", name)
				}
			}()
			write()
		}()
	}
}

// TestTruncated holds that no beginning of a frame is a frame.
func TestTruncated(t *testing.T) {
	for _, f := range sampleFrames() {
		whole := AppendFrame(nil, f)
		for n := range whole {
			if got, err := DecodeFrame(whole[:n]); !errors.Is(err, ErrShort) || got != nil {
				t.Fatalf("%T: %d of %d bytes: %v", f, n, len(whole), err)
			}
		}
		if _, err := DecodeFrame(append(whole, 0xc0)); !errors.Is(err, ErrTrailing) {
			t.Errorf("%T: a byte more: %v", f, err)
		}
	}
}

// TestExtraFields holds that what a later version puts after a frame's fields is
// passed over whatever it is, and only so much of it.
func TestExtraFields(t *testing.T) {
	extra := []byte{0x82, 0xa1, 'k', 0x92, 0xcb, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0x01, 0xd6, 5, 1, 2, 3, 4} // {"k": [0.0, nil], 1: ext}
	for _, f := range sampleFrames() {
		whole := AppendFrame(nil, f)
		if whole[0]>>4 != 9 {
			t.Fatalf("%T begins with %x", f, whole[0])
		}
		for _, n := range []int{1, maxExtra, maxExtra + 1} {
			longer := appendArray(nil, int(whole[0]&15)+n)
			longer = append(longer, whole[1:]...)
			for range n {
				longer = append(longer, extra...)
			}
			got, err := DecodeFrame(longer)
			if n > maxExtra {
				if !errors.Is(err, ErrLimit) {
					t.Errorf("%T: %d more: %v", f, n, err)
				}
				continue
			}
			if diff := cmp.Diff(f, got, same); diff != "" || err != nil {
				t.Errorf("%T: %d more: %v\n%s", f, n, err, diff)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	text := func(n int) []byte { return appendText(nil, strings.Repeat("a", n)) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, tt := range map[string]struct {
		frame []byte
		want  error
	}{
		"nothing":            {nil, ErrShort},
		"no kind":            {[]byte{0x90}, ErrShort},
		"not an array":       {[]byte{0x01}, ErrType},
		"a map":              {[]byte{0x81, 1, 1}, ErrType},
		"kind zero":          {[]byte{0x91, 0}, ErrKind},
		"kind of neither":    {[]byte{0x91, 63}, ErrKind},
		"unknown kind":       {[]byte{0x91, 0xcc, 200}, ErrKind},
		"kind too big":       {[]byte{0x91, 0xcd, 1, 1}, ErrLimit},
		"negative kind":      {[]byte{0x91, 0xff}, ErrLimit},
		"kind is a text":     {[]byte{0x91, 0xa1, 'a'}, ErrType},
		"missing field":      {[]byte{0x91, 9}, ErrShort},
		"nil for a number":   {[]byte{0x92, 9, 0xc0}, ErrType},
		"float for a number": {[]byte{0x92, 9, 0xca, 0, 0, 0, 0}, ErrType},
		"generation too big": {[]byte{0x92, 9, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0}, ErrLimit},
		"number for a flag":  {[]byte{0x96, 4, 1, 1, 1, 0, 0xa0}, ErrType},
		"bin for a text":     {[]byte{0x92, 2, 0xc4, 1, 'A'}, ErrType},
		"patient's checksum": {join([]byte{0x93, 3, 1}, appendText(nil, "191212121213")), ErrID},
		"patient unwritten":  {join([]byte{0x93, 3, 1}, appendText(nil, " 19121212121")), ErrID},
		"patient too long":   {join([]byte{0x93, 3, 1}, appendText(nil, "19121212-1212")), ErrLimit},
		"small letters":      {join([]byte{0x92, 2}, appendText(nil, "se1-a")), ErrID},
		"id with a space":    {join([]byte{0x92, 2}, appendText(nil, "SE 1")), ErrID},
		"id too long":        {join([]byte{0x92, 2}, text(33)), ErrLimit},
		"not UTF-8":          {[]byte{0x94, 1, 1, 0xa1, 0xff, 0x92, 0, 0}, ErrText},
		"long person":        {join([]byte{0x94, 1, 1}, text(MaxShortTextBytes+1), []byte{0x92, 0, 0}), ErrLimit},
		"many contracts":     {join([]byte{0x94, 6, 1, 0xdc, 0, maxContracts + 1}, make([]byte, maxContracts+1), []byte{0xc2}), ErrLimit},
		"short key":          {join([]byte{0x94, 7, 1, 1, 0xc4, 15}, make([]byte, 15)), ErrShort},
		"long key":           {join([]byte{0x94, 7, 1, 1, 0xc4, 17}, make([]byte, 17)), ErrLimit},
		"basis unknown":      {[]byte{0x99, 66, 1, 3, 0xc2, 0, 0, 0xc2, 0xc2, 0xc2}, ErrKind},
		"time too big":       {[]byte{0x99, 66, 1, 0, 0xc2, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0xc2, 0xc2, 0xc2}, ErrLimit},
		"giver unknown":      {[]byte{0x96, 4, 1, 0xc2, 1, 4, 0xa0}, ErrKind},
		"question unknown":   {[]byte{0x93, 11, 1, 4}, ErrKind},
		"step unknown":       {[]byte{0x94, 12, 1, 3, 0xa0}, ErrKind},
		"long reason":        {join([]byte{0x94, 12, 1, 1}, text(MaxReasonBytes+1)), ErrLimit},
		"report unknown":     {[]byte{0x98, 13, 1, 9, 0, 0, 0xa0, 0xa0, 0}, ErrKind},
		"outcome unknown":    {[]byte{0x95, 14, 1, 0xa0, 4, 0xa0}, ErrKind},
		"many providers":     {join([]byte{0x95, 76, 1, 1, 0xc2}, appendArray(nil, MaxProviders+1), make([]byte, 5*MaxProviders+5)), ErrLimit},
		"many coverage rows": {join([]byte{0x92, 77}, appendArray(nil, MaxCoverageRows+1), make([]byte, 6*MaxCoverageRows+6)), ErrLimit},
		"many late feeds":    {join([]byte{0x92, 78}, appendArray(nil, MaxFeeds+1), make([]byte, 64)), ErrLimit},
		"many rows":          {join([]byte{0x97, 79, 1, 1}, appendArray(nil, MaxReportRows+1), make([]byte, 20*MaxReportRows+20)), ErrLimit},
		"many counts":        {join([]byte{0x97, 79, 1, 1, 0x90}, appendArray(nil, MaxCounts+1), make([]byte, 5*MaxCounts+5)), ErrLimit},
		"long name":          {join([]byte{0x93, 80, 1}, text(MaxNameBytes+1)), ErrLimit},
		"impossible day":     {join([]byte{0x92, 77, 0x91, 0x95, 0xa0, 0xa0, 1}, appendInt(nil, 203013310000004), []byte{0}), ErrCivil},
	} {
		if f, err := DecodeFrame(tt.frame); !errors.Is(err, tt.want) || f != nil {
			t.Errorf("%s: %v, %v; want %v", name, f, err, tt.want)
		}
	}
}

func TestClientFrames(t *testing.T) {
	for _, f := range sampleFrames() {
		_, err := DecodeClientFrame(AppendFrame(nil, f))
		if client := f.Kind() < 64; client != (err == nil) || (!client && !errors.Is(err, ErrKind)) {
			t.Errorf("%T: %v", f, err)
		}
	}
	padded := append([]byte{0x92, byte(KindLeave)}, appendBinary(nil, make([]byte, MaxClientFrame-5))...)
	if _, err := DecodeClientFrame(padded); len(padded) != MaxClientFrame || err != nil {
		t.Errorf("%d bytes: %v", len(padded), err)
	}
	if _, err := DecodeClientFrame(append(padded, 0)); !errors.Is(err, ErrLimit) {
		t.Errorf("a byte beyond the limit: %v", err)
	}
	if _, err := DecodeFrame(make([]byte, MaxFrameBytes+1)); !errors.Is(err, ErrLimit) {
		t.Errorf("a frame beyond the limit: %v", err)
	}
}

func TestNodeFrames(t *testing.T) {
	for _, f := range sampleFrames() {
		b := AppendFrame(nil, f)
		got, err := DecodeNodeFrame(b)
		if f.Kind() < 64 {
			if !errors.Is(err, ErrKind) || got != nil {
				t.Errorf("%T is taken from a node: %v", f, err)
			}
			if !bytes.Equal(AppendClientFrame(nil, f), b) {
				t.Errorf("%T: the browser writes it otherwise", f)
			}
			continue
		}
		if diff := cmp.Diff(f, got, same); diff != "" || err != nil {
			t.Errorf("%T: %v\n%s", f, err, diff)
		}
	}
	if _, err := DecodeNodeFrame(make([]byte, MaxFrameBytes+1)); !errors.Is(err, ErrLimit) {
		t.Errorf("a frame beyond the limit: %v", err)
	}
}

// TestIntegerWidths holds that a number may be written in any width that holds it.
func TestIntegerWidths(t *testing.T) {
	for _, n := range [][]byte{{5}, {0xcc, 5}, {0xcd, 0, 5}, {0xce, 0, 0, 0, 5}, {0xcf, 0, 0, 0, 0, 0, 0, 0, 5},
		{0xd0, 5}, {0xd1, 0, 5}, {0xd2, 0, 0, 0, 5}, {0xd3, 0, 0, 0, 0, 0, 0, 0, 5}} {
		got, err := DecodeFrame(append([]byte{0x92, byte(KindAck)}, n...))
		if err != nil || got != (Ack{Generation: 5}) {
			t.Errorf("%x: %v, %v", n, got, err)
		}
		got, err = DecodeFrame(append([]byte{0x95, byte(KindRefused), 1, 1, 0xa0}, n...))
		if err != nil || got != (Refused{Request: 1, Fault: 1, At: 5}) {
			t.Errorf("signed %x: %v, %v", n, got, err)
		}
	}
}

// allocated runs f and returns the bytes that it allocated.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestHostileLengths puts the largest length of every kind in every place of every
// frame: what is decoded never allocates more than a small multiple of what came.
func TestHostileLengths(t *testing.T) {
	hostile := [][]byte{
		{0xdb, 0xff, 0xff, 0xff, 0xff}, {0xc6, 0xff, 0xff, 0xff, 0xff}, {0xdd, 0xff, 0xff, 0xff, 0xff}, {0xdf, 0xff, 0xff, 0xff, 0xff},
		{0xc9, 0xff, 0xff, 0xff, 0xff}, {0xdc, 0xff, 0xff}, {0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	for _, f := range sampleFrames() {
		whole := AppendFrame(nil, f)
		for at := range whole {
			for _, h := range hostile {
				bad := append(append(append([]byte(nil), whole[:at]...), h...), whole[at:]...)
				if n := allocated(func() { _, _ = DecodeFrame(bad) }); n > 64<<10 {
					t.Fatalf("%T: %x at %d allocated %d bytes", f, h, at, n)
				}
			}
		}
	}
}

// TestHostileCounts holds that a count is not believed before there is room for the
// least that its elements take, even where there are as many bytes as it counts.
func TestHostileCounts(t *testing.T) {
	key := append([]byte{0xc4, 16}, sampleKey[:]...)
	for name, tt := range map[string]struct {
		count int
		claim []byte
	}{
		"items":    {MaxChunkItems, []byte{0x93, byte(KindChunk), 1}},
		"keys":     {MaxRevokedKeys, []byte{0x96, byte(KindRevoke), 1, 1, 1, 1}},
		"marks":    {MaxProviders, []byte{0x95, byte(KindTold), 1, 1, 0xc2}},
		"coverage": {MaxCoverageRows, []byte{0x92, byte(KindCoverage)}},
		"rows":     {MaxReportRows, []byte{0x97, byte(KindReport), 1, 1}},
		"sections": {MaxNodes, append(append([]byte{0x95, byte(KindBody), 1, 1}, key...), 0x91)},
		"nodes":    {MaxNodes - 1, append(append([]byte{0x95, byte(KindBody), 1, 1}, key...), 0x91, 0x91, 0x92, 0xa0)},
	} {
		b := append(appendArray(tt.claim, tt.count), make([]byte, tt.count)...)
		var err error
		if n := allocated(func() { _, err = DecodeFrame(b) }); n > 2<<10 || !errors.Is(err, ErrShort) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = DecodeFrame(b) }); n > 3 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestLargestFrames holds that the most that each of these may hold can be sent, and
// that it is no larger than the limits' arithmetic has it.
func TestLargestFrames(t *testing.T) {
	name, hsa, wide := strings.Repeat("n", MaxNameBytes), strings.Repeat("H", hsaIDMaxLength), Instant(-1<<63)
	late := must(ParseCivil("99991231235959"))
	who := LogWho{hsa, name, name, name, name, name}
	contracts, owners := make([]Contract, maxContracts), make([]string, MaxOwners)
	for i := range contracts {
		contracts[i] = 255
	}
	for i := range owners {
		owners[i] = name
	}
	reason, told := strings.Repeat("r", MaxReasonBytes), strings.Repeat("a", MaxAnnouncementBytes)
	row := LogRow{name, wide, name, true, BasisEmergency, who, samplePatient, contracts, owners, reason, ReviewMisuse, wide}
	mark := ProviderMark{must(ParseCareProviderID(hsa)), name, true, true}
	for _, tt := range []struct {
		frame Frame
		most  int
	}{
		{Told{1<<32 - 1, AskProviders, true, slices.Repeat([]ProviderMark{mark}, MaxProviders)}, MaxProviders*maxMark + 32},
		{Coverage{slices.Repeat([]CoverageRow{{hsa, name, 255, late, late}}, MaxCoverageRows)}, MaxCoverageRows*maxCoverageRow + 32},
		{Freshness{slices.Repeat([]LateFeed{{name, wide, true}}, MaxFeeds)}, MaxFeeds * 150},
		{Report{1<<32 - 1, ReportStatistics, slices.Repeat([]LogRow{row}, MaxReportRows),
			slices.Repeat([]Count{{name, name, 1<<32 - 1, true}}, MaxCounts), true, 1<<64 - 1}, MaxReportRows*maxLogRow + MaxCounts*maxCount + 32},
		{Announcements{slices.Repeat([]Announcement{{true, wide, wide, told, told}}, MaxAnnouncements)}, MaxAnnouncements * (2*MaxAnnouncementBytes + 32)},
		{Emergency{1<<32 - 1, EmergencyContent, reason}, MaxClientFrame},
		{Review{1<<32 - 1, name, ReviewMisuse, reason}, MaxClientFrame},
	} {
		b := AppendFrame(nil, tt.frame)
		got, err := DecodeFrame(b)
		if diff := cmp.Diff(tt.frame, got, same); diff != "" || err != nil || len(b) > tt.most {
			t.Errorf("%T: %d bytes, %d at most: %v", tt.frame, len(b), tt.most, err)
		}
	}
}

// TestWorstBody holds that the most nodes that a body may have cost a bounded memory.
func TestWorstBody(t *testing.T) {
	d := Body{Sections: []Section{{Nodes: make([]Node, MaxNodes-1)}}}
	for i := range d.Sections[0].Nodes {
		d.Sections[0].Nodes[i].Kind = NodeText
	}
	b := AppendBody(nil, &d)
	var err error
	if n := allocated(func() { _, err = DecodeBody(b) }); n > 8<<20 || err != nil {
		t.Errorf("allocated %d bytes, %v", n, err)
	}
	d.Sections = append(d.Sections, Section{})
	if _, err := DecodeBody(AppendBody(nil, &d)); !errors.Is(err, ErrLimit) {
		t.Errorf("a node too many: %v", err)
	}
}

// TestDocumentLimits holds the decoders to the limits that only whole documents meet.
func TestDocumentLimits(t *testing.T) {
	deepest := func(depth int) []byte {
		return AppendBody(nil, &Body{Sections: []Section{{Nodes: []Node{nested(depth)}}}})
	}
	extended := func(n, size int) []byte {
		h := sampleHeader()
		b := append(appendArray(nil, headerFields+n), AppendHeader(nil, &h)[3:]...)
		for range n {
			b = appendBinary(b, make([]byte, size))
		}
		return b
	}
	longBody := appendBinary(append(appendArray(nil, 2), 0x90), make([]byte, MaxBodyBytes))
	for name, tt := range map[string]struct {
		err  error
		want error
	}{
		"deepest":        {second(DecodeBody(deepest(MaxDepth))), nil},
		"too deep":       {second(DecodeBody(deepest(MaxDepth + 1))), ErrLimit},
		"extended":       {second(DecodeHeader(extended(maxExtra, 100))), nil},
		"many extras":    {second(DecodeHeader(extended(maxExtra+1, 0))), ErrLimit},
		"long header":    {second(DecodeHeader(extended(1, MaxHeaderBytes))), ErrLimit},
		"long body":      {second(DecodeBody(longBody)), ErrLimit},
		"after a header": {second(DecodeHeader(append(extended(0, 0), 0))), ErrTrailing},
		"after a body":   {second(DecodeBody(append(deepest(1), 0))), ErrTrailing},
		"node kind":      {second(DecodeBody([]byte{0x91, 0x91, 0x92, 0xa0, 0x91, 0x92, byte(nodeEnd), 0xa1, 'a'})), ErrKind},
		"node of none":   {second(DecodeBody([]byte{0x91, 0x91, 0x92, 0xa0, 0x91, 0x92, 0, 0xa1, 'a'})), ErrKind},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.err, tt.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestDeepSkip holds that nesting in what is passed over costs no stack.
func TestDeepSkip(t *testing.T) {
	deep := append([]byte{0x92, byte(KindLeave)}, bytes.Repeat([]byte{0x91}, MaxFrameBytes-3)...)
	if _, err := DecodeFrame(append(deep, 0xc0)); err != nil {
		t.Errorf("deep: %v", err)
	}
}

func TestMix(t *testing.T) {
	if a, b := Mix(sampleKey, 1), Mix(sampleKey, 2); a == b {
		t.Error("a new revision does not change the digest")
	}
	hash := fnv.New64a()
	hash.Write(append(sampleKey[:], 2, 1, 0, 0, 0, 0, 0, 0))
	if got, want := Mix(sampleKey, 258), hash.Sum64(); got != want {
		t.Errorf("the digest is %#x, not %#x", got, want)
	}
}

// TestSpeaks holds that pages and nodes one version apart understand each other, in the
// lower one's words.
func TestSpeaks(t *testing.T) {
	for _, tt := range []struct {
		mine, theirs, want uint16
		ok                 bool
	}{{2, 2, 2, true}, {2, 1, 1, true}, {1, 2, 1, true}, {1, 3, 1, false}, {3, 1, 1, false}, {1, 0, 0, false}} {
		if got, ok := Speaks(tt.mine, tt.theirs); got != tt.want || ok != tt.ok {
			t.Errorf("%d and %d speak %d, %v", tt.mine, tt.theirs, got, ok)
		}
	}
}
