package protocol

// The parts that frames are made of: how each is written and read.

// appendKind begins a frame of so many fields after its kind.
func appendKind(b []byte, kind Kind, fields int) []byte {
	return appendUint(appendArray(b, 1+fields), uint64(kind))
}

//go:noinline
func appendSmall[T ~uint8](b []byte, n T) []byte { return appendUint(b, uint64(n)) }

//go:noinline
func appendKey(b []byte, key DocumentKey) []byte { return appendBinary(b, key[:]) }

func (r *reader) key() (key DocumentKey) {
	if copy(key[:], r.binary(len(key))) != len(key) {
		r.fail(ErrShort)
	}
	return key
}

func (r *reader) keys() []DocumentKey {
	return list(r, MaxRevokedKeys, 2+len(DocumentKey{}), (*reader).key)
}

// enumeration reads one of the numbers 0 to last; any other is refused.
//
//go:noinline
func enumeration[T ~uint8](r *reader, last T) T {
	n := narrow[T](r)
	if n > last {
		r.fail(ErrKind)
		return 0
	}
	return n
}

// patient reads a patient id in the form that Reveal gives; empty is the zero id.
// Headers that follow each other are mostly of one patient, so an id that is the last
// one again is not parsed again.
func (r *reader) patient(last PatientID) PatientID {
	b := r.textBytes(patientIDLength)
	if len(b) == 0 {
		return PatientID{}
	}
	if string(b) == last.Reveal() {
		return last
	}
	id, err := ParsePatientID(string(b))
	if err != nil || id.Reveal() != string(b) {
		r.fail(ErrID)
		return PatientID{}
	}
	return id
}

// hsaID reads an HSA-id in the form that Reveal gives, as patient does.
func hsaID[T any](r *reader, last HSAID[T]) HSAID[T] {
	b := r.textBytes(hsaIDMaxLength)
	if len(b) == 0 {
		return HSAID[T]{}
	}
	if string(b) == last.Reveal() {
		return last
	}
	id, err := parseHSAID[T](string(b))
	if err != nil || id.Reveal() != string(b) {
		r.fail(ErrID)
		return HSAID[T]{}
	}
	return id
}

func (r *reader) civil() Civil {
	c := Civil(r.int())
	if !c.valid() {
		r.fail(ErrCivil)
		return 0
	}
	return c
}

func appendPosition(b []byte, p Position) []byte {
	return appendUint(appendUint(appendArray(b, 2), p.Epoch), p.Index)
}

func (r *reader) position() Position {
	extra := r.record(2)
	p := Position{Epoch: r.uint(), Index: r.uint()}
	r.skip(extra)
	return p
}

func appendHello(b []byte, f Hello) []byte {
	b = appendUint(appendKind(b, KindHello, 3), uint64(f.Version))
	return appendPosition(appendText(b, f.Person), f.After)
}

func appendWelcome(b []byte, f Welcome) []byte {
	b = appendUint(appendKind(b, KindWelcome, 11), uint64(f.Version))
	b = appendText(appendText(b, f.Node), f.Site)
	b = appendPosition(appendUint(b, uint64(f.Environment)), f.Position)
	b = appendUint(appendUint(b, uint64(f.LeaseMillis)), uint64(f.BeatMillis))
	b = appendPerson(appendList(b, f.People, appendPerson), f.Person)
	b = appendList(b, f.Commissions, appendCommission)
	return appendList(b, f.Alternates, appendText)
}

func (r *reader) welcome() Welcome {
	return Welcome{
		Version:     narrow[uint16](r),
		Node:        r.text(MaxShortTextBytes),
		Site:        r.text(MaxShortTextBytes),
		Environment: enumeration(r, Development),
		Position:    r.position(),
		LeaseMillis: narrow[uint32](r),
		BeatMillis:  narrow[uint32](r),
		People:      list(r, MaxPeople, 4, (*reader).person),
		Person:      r.person(),
		Commissions: list(r, MaxCommissions, 7, (*reader).commission),
		Alternates:  r.alternates(),
	}
}

func (r *reader) alternates() []string {
	return list(r, MaxAlternates, 1, func(r *reader) string { return r.text(MaxShortTextBytes) })
}

func appendPerson(b []byte, p Person) []byte {
	return appendText(appendText(appendText(appendArray(b, 3), p.Key), p.Name), p.Title)
}

func (r *reader) person() Person {
	extra := r.record(3)
	p := Person{Key: r.text(MaxShortTextBytes), Name: r.text(MaxShortTextBytes), Title: r.text(MaxShortTextBytes)}
	r.skip(extra)
	return p
}

func appendCommission(b []byte, c CommissionInfo) []byte {
	b = appendText(appendText(appendArray(b, 6), c.ID.Reveal()), c.Name)
	b = appendText(appendText(b, c.CareUnit), c.CareProvider)
	return appendBool(appendBool(b, c.Usable), c.FollowUp)
}

func (r *reader) commission() CommissionInfo {
	extra := r.record(6)
	c := CommissionInfo{
		ID:           hsaID(r, CommissionID{}),
		Name:         r.text(MaxShortTextBytes),
		CareUnit:     r.text(MaxShortTextBytes),
		CareProvider: r.text(MaxShortTextBytes),
		Usable:       r.bool(),
		FollowUp:     r.bool(),
	}
	r.skip(extra)
	return c
}

// leastItem is the size of an item whose texts and ids are all empty.
const leastItem = 1 + 18 + 1 + leastHeader

func appendItem(b []byte, it Item) []byte {
	return AppendHeader(appendItemHead(b, it.Key, it.Rev), &it.Header)
}

func appendRawItem(b []byte, it RawItem) []byte {
	return append(appendItemHead(b, it.Key, it.Rev), it.Header...)
}

func appendItemHead(b []byte, key DocumentKey, rev uint64) []byte {
	return appendUint(appendKey(appendArray(b, 3), key), rev)
}

func (r *reader) items() []Item { return list(r, MaxChunkItems, leastItem, (*reader).item) }

func (r *reader) item() Item {
	extra := r.record(3)
	it := Item{Key: r.key(), Rev: r.uint(), Header: r.header()}
	r.skip(extra)
	return it
}

func appendBatchHead(b []byte, f Batch) []byte {
	b = appendUint(appendKind(b, KindBatch, 7), uint64(f.Generation))
	return appendUint(appendUint(b, f.From), f.To)
}

func appendBatchEnd(b []byte, f Batch) []byte {
	b = appendList(b, f.Removes, appendKey)
	return appendUint(appendUint(b, uint64(f.Count)), f.Digest)
}

func appendBodyHead(b []byte, f BodyFrame) []byte {
	b = appendUint(appendKind(b, KindBody, 4), uint64(f.Request))
	return appendKey(appendUint(b, uint64(f.Generation)), f.Document)
}
