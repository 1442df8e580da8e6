package protocol

// RawItem is an Item whose header is encoded already: a node keeps headers encoded
// and sends them as they are.
type RawItem struct {
	Key    DocumentKey
	Rev    uint64
	Header []byte // as AppendHeader writes it
}

// firstNodeKind parts the frames of the browser from those of the node.
const firstNodeKind = KindWelcome

// AppendFrame appends the frame: an array of its kind and its fields, in the order
// of the type. Frames are given by value; anything else is a mistake in the program
// and panics. Whoever builds a frame keeps within the limits: the other side's
// decoder refuses what does not.
func AppendFrame(b []byte, f Frame) []byte {
	if f.Kind() >= firstNodeKind {
		return appendNodeFrame(b, f)
	}
	return AppendClientFrame(b, f)
}

// AppendClientFrame appends a frame of the browser, and panics on any other. The
// browser's program calls this one, and so does not carry the code that writes
// documents.
func AppendClientFrame(b []byte, f Frame) []byte {
	switch f := f.(type) {
	case Hello:
		return appendHello(b, f)
	case Choose:
		return appendText(appendKind(b, KindChoose, 1), f.Commission.Reveal())
	case Open:
		b = appendUint(appendKind(b, KindOpen, 2), uint64(f.Request))
		return appendText(b, f.Patient.Reveal())
	case Consent:
		return appendConsent(b, f)
	case EndConsent:
		return appendUint(appendKind(b, KindEndConsent, 1), uint64(f.Request))
	case Show:
		b = appendUint(appendKind(b, KindShow, 3), uint64(f.Generation))
		return appendBool(appendList(b, f.Contracts, appendSmall), f.Resumed)
	case Read:
		b = appendUint(appendKind(b, KindRead, 3), uint64(f.Request))
		return appendKey(appendUint(b, uint64(f.Generation)), f.Document)
	case Leave:
		return appendKind(b, KindLeave, 0)
	case Ack:
		return appendUint(appendKind(b, KindAck, 1), uint64(f.Generation))
	case Beat:
		return appendUint(appendUint(appendKind(b, KindBeat, 2), uint64(f.Generation)), f.Index)
	case Ask:
		return appendAsk(b, f)
	case Emergency:
		return appendEmergency(b, f)
	case Follow:
		return appendFollow(b, f)
	case Review:
		return appendReview(b, f)
	default:
		return appendLaterClientFrame(b, f)
	}
}

// appendLaterClientFrame appends one of those from version 3.
func appendLaterClientFrame(b []byte, f Frame) []byte {
	switch f := f.(type) {
	case Active:
		return appendKind(b, KindActive, 0)
	case Trend:
		return appendTrend(b, f)
	case Take:
		return appendTake(b, f)
	case Feedback:
		return appendFeedback(b, f)
	default:
		panic("protocol: not a frame of the browser")
	}
}

func appendNodeFrame(b []byte, f Frame) []byte {
	switch f := f.(type) {
	case Welcome:
		return appendWelcome(b, f)
	case Chosen:
		return appendCommission(appendKind(b, KindChosen, 1), f.Commission)
	case Opened:
		return appendOpened(b, f)
	case Refused:
		b = appendUint(appendKind(b, KindRefused, 4), uint64(f.Request))
		b = appendText(appendUint(b, uint64(f.Fault)), f.ID)
		return appendInt(b, int64(f.At))
	case Begin:
		return appendPosition(appendUint(appendKind(b, KindBegin, 2), uint64(f.Generation)), f.Position)
	case Chunk:
		b = appendUint(appendKind(b, KindChunk, 2), uint64(f.Generation))
		return appendList(b, f.Items, appendItem)
	case End:
		b = appendPosition(appendUint(appendKind(b, KindEnd, 4), uint64(f.Generation)), f.Position)
		return appendUint(appendUint(b, uint64(f.Count)), f.Digest)
	case Batch:
		return appendBatchEnd(appendList(appendBatchHead(b, f), f.Upserts, appendItem), f)
	case BodyFrame:
		return AppendBody(appendBodyHead(b, f), &f.Body)
	case Revoke:
		b = appendUint(appendKind(b, KindRevoke, 5), uint64(f.Generation))
		b = appendUint(appendUint(b, uint64(f.Next)), f.Index)
		return appendList(appendUint(b, uint64(f.Fault)), f.Documents, appendKey)
	case Heartbeat:
		b = appendPosition(appendUint(appendKind(b, KindHeartbeat, 5), uint64(f.Generation)), f.Position)
		return appendUint(appendUint(appendUint(b, uint64(f.LeaseMillis)), uint64(f.Count)), f.Digest)
	case GoAway:
		b = appendUint(appendKind(b, KindGoAway, 2), uint64(f.AfterMillis))
		return appendList(b, f.Alternates, appendText)
	case Told:
		return appendTold(b, f)
	case Coverage:
		return appendList(appendKind(b, KindCoverage, 1), f.Rows, appendCoverageRow)
	case Freshness:
		return appendList(appendKind(b, KindFreshness, 1), f.Late, appendLate)
	case Report:
		return appendReport(b, f)
	case Reviewed:
		return appendText(appendUint(appendKind(b, KindReviewed, 2), uint64(f.Request)), f.ID)
	case Announcements:
		return appendList(appendKind(b, KindAnnouncements, 1), f.Messages, appendAnnouncement)
	default:
		return appendLaterNodeFrame(b, f)
	}
}

// appendLaterNodeFrame appends one of those from version 3.
func appendLaterNodeFrame(b []byte, f Frame) []byte {
	switch f := f.(type) {
	case Session:
		return appendSession(b, f)
	case HandedOver:
		return appendHandedOver(b, f)
	case Sources:
		return appendList(appendUint(appendKind(b, KindSources, 2), uint64(f.Generation)), f.Rows, appendSource)
	case Series:
		return appendSeries(b, f)
	case Taken:
		return appendText(appendUint(appendKind(b, KindTaken, 2), uint64(f.Request)), f.ID)
	case Thanked:
		return appendText(appendUint(appendKind(b, KindThanked, 2), uint64(f.Request)), f.ID)
	default:
		panic("protocol: AppendFrame of something that is no frame, or of a pointer to one")
	}
}

// AppendRawChunk appends a Chunk of encoded headers.
func AppendRawChunk(b []byte, g Generation, items []RawItem) []byte {
	b = appendUint(appendKind(b, KindChunk, 2), uint64(g))
	return appendList(b, items, appendRawItem)
}

// AppendRawBatch appends a Batch of encoded headers; f.Upserts is not looked at.
func AppendRawBatch(b []byte, f Batch, items []RawItem) []byte {
	return appendBatchEnd(appendList(appendBatchHead(b, f), items, appendRawItem), f)
}

// AppendRawBody appends a BodyFrame with an encoded body; f.Body is not looked at.
func AppendRawBody(b []byte, f BodyFrame, body []byte) []byte {
	return append(appendBodyHead(b, f), body...)
}

// DecodeFrame reads a frame of either side. The frame is a value (Hello, never
// *Hello) and holds nothing of b.
func DecodeFrame(b []byte) (Frame, error) {
	if len(b) > MaxFrameBytes {
		return nil, ErrLimit
	}
	return decodeFrame(b, true)
}

// DecodeClientFrame reads a frame from a browser: at most MaxClientFrame, and none
// that only a node sends.
func DecodeClientFrame(b []byte) (Frame, error) {
	if len(b) > MaxClientFrame {
		return nil, ErrLimit
	}
	return decodeFrame(b, false)
}

// DecodeNodeFrame reads a frame from a node, and none that only a browser sends.
func DecodeNodeFrame(b []byte) (Frame, error) {
	if len(b) > MaxFrameBytes {
		return nil, ErrLimit
	}
	r, kind, fields := openFrame(b)
	return r.closeFrame(r.ifNode(kind, fields))
}

func decodeFrame(b []byte, fromNode bool) (Frame, error) {
	r, kind, fields := openFrame(b)
	if kind >= firstNodeKind && fromNode {
		return r.closeFrame(r.ifNode(kind, fields))
	}
	var f Frame
	switch {
	case r.err != nil:
	case kind < firstNodeKind:
		f = r.clientFrame(kind, fields)
	default:
		r.fail(ErrKind)
	}
	return r.closeFrame(f)
}

func openFrame(b []byte) (r *reader, kind Kind, fields int) {
	r = &reader{rest: b}
	fields = r.array() - 1
	if r.err == nil && fields < 0 {
		r.fail(ErrShort)
	}
	return r, narrow[Kind](r), fields
}

// ifNode reads the fields of a node's frame.
func (r *reader) ifNode(kind Kind, fields int) (f Frame) {
	switch {
	case r.err != nil:
	case kind < firstNodeKind:
		r.fail(ErrKind)
	default:
		f = r.nodeFrame(kind, fields)
	}
	return f
}

// closeFrame answers with the frame if it was read well and nothing follows it.
func (r *reader) closeFrame(f Frame) (Frame, error) {
	if err := r.end(); err != nil {
		return nil, err
	}
	return f, nil
}

// fields checks how many fields a frame has against how many it needs, as record
// does for an array of its own.
//
//go:noinline
func (r *reader) fields(have, need int) (extra int) {
	switch extra = have - need; {
	case extra < 0:
		r.fail(ErrShort)
		return 0
	case extra > maxExtra:
		r.fail(ErrLimit)
		return 0
	}
	return extra
}

func (r *reader) clientFrame(kind Kind, have int) (f Frame) {
	extra := 0
	switch kind {
	case KindHello:
		extra = r.fields(have, 3)
		f = Hello{Version: narrow[uint16](r), Person: r.text(MaxShortTextBytes), After: r.position()}
	case KindChoose:
		extra = r.fields(have, 1)
		f = Choose{Commission: hsaID(r, CommissionID{})}
	case KindOpen:
		extra = r.fields(have, 2)
		f = Open{Request: narrow[uint32](r), Patient: r.patient(PatientID{})}
	case KindConsent:
		extra = r.fields(have, 5)
		f = r.consent()
	case KindEndConsent:
		extra = r.fields(have, 1)
		f = EndConsent{Request: narrow[uint32](r)}
	case KindShow:
		extra = r.fields(have, 3)
		f = Show{Generation: narrow[Generation](r), Contracts: list(r, maxContracts, 1, narrow[Contract]), Resumed: r.bool()}
	case KindRead:
		extra = r.fields(have, 3)
		f = Read{Request: narrow[uint32](r), Generation: narrow[Generation](r), Document: r.key()}
	case KindLeave:
		extra = r.fields(have, 0)
		f = Leave{}
	case KindAck:
		extra = r.fields(have, 1)
		f = Ack{Generation: narrow[Generation](r)}
	case KindBeat:
		extra = r.fields(have, 2)
		f = Beat{Generation: narrow[Generation](r), Index: r.uint()}
	case KindAsk:
		extra = r.fields(have, 2)
		f = Ask{Request: narrow[uint32](r), What: enumeration(r, AskProviders)}
	case KindEmergency:
		extra = r.fields(have, 3)
		f = Emergency{Request: narrow[uint32](r), Step: enumeration(r, EmergencyContent), Reason: r.text(MaxReasonBytes)}
	case KindFollow:
		extra = r.fields(have, 7)
		f = r.follow()
	case KindReview:
		extra = r.fields(have, 4)
		f = r.review()
	default:
		return r.laterClientFrame(kind, have)
	}
	r.skip(extra)
	return f
}

func (r *reader) laterClientFrame(kind Kind, have int) (f Frame) {
	extra := 0
	switch kind {
	case KindActive:
		extra = r.fields(have, 0)
		f = Active{}
	case KindTrend:
		extra = r.fields(have, 4)
		f = Trend{Request: narrow[uint32](r), Generation: narrow[Generation](r), System: r.name(), Code: r.name()}
	case KindTake:
		extra = r.fields(have, 4)
		f = Take{Request: narrow[uint32](r), Generation: narrow[Generation](r), How: enumeration(r, TakeSave),
			Documents: list(r, MaxTaken, 2+len(DocumentKey{}), (*reader).key)}
	case KindFeedback:
		extra = r.fields(have, 4)
		f = Feedback{Request: narrow[uint32](r), Page: r.name(), Grade: enumeration(r, uint8(5)), Text: r.text(MaxReasonBytes)}
	default:
		r.fail(ErrKind)
	}
	r.skip(extra)
	return f
}

func (r *reader) nodeFrame(kind Kind, have int) (f Frame) {
	extra := 0
	switch kind {
	case KindWelcome:
		extra = r.fields(have, 11)
		f = r.welcome()
	case KindChosen:
		extra = r.fields(have, 1)
		f = Chosen{Commission: r.commission()}
	case KindOpened:
		extra = r.fields(have, 8)
		f = r.opened()
	case KindRefused:
		extra = r.fields(have, 4)
		f = Refused{Request: narrow[uint32](r), Fault: narrow[Fault](r), ID: r.text(MaxShortTextBytes), At: Instant(r.int())}
	case KindBegin:
		extra = r.fields(have, 2)
		f = Begin{Generation: narrow[Generation](r), Position: r.position()}
	case KindChunk:
		extra = r.fields(have, 2)
		f = Chunk{Generation: narrow[Generation](r), Items: r.items()}
	case KindEnd:
		extra = r.fields(have, 4)
		f = End{Generation: narrow[Generation](r), Position: r.position(), Count: narrow[uint32](r), Digest: r.uint()}
	case KindBatch:
		extra = r.fields(have, 7)
		f = Batch{Generation: narrow[Generation](r), From: r.uint(), To: r.uint(), Upserts: r.items(),
			Removes: r.keys(), Count: narrow[uint32](r), Digest: r.uint()}
	case KindBody:
		extra = r.fields(have, 4)
		f = BodyFrame{Request: narrow[uint32](r), Generation: narrow[Generation](r), Document: r.key(), Body: r.body()}
	case KindRevoke:
		extra = r.fields(have, 5)
		f = Revoke{Generation: narrow[Generation](r), Next: narrow[Generation](r), Index: r.uint(), Fault: narrow[Fault](r), Documents: r.keys()}
	case KindHeartbeat:
		extra = r.fields(have, 5)
		f = Heartbeat{Generation: narrow[Generation](r), Position: r.position(), LeaseMillis: narrow[uint32](r), Count: narrow[uint32](r), Digest: r.uint()}
	case KindGoAway:
		extra = r.fields(have, 2)
		f = GoAway{AfterMillis: narrow[uint32](r), Alternates: r.alternates()}
	case KindTold:
		extra = r.fields(have, 4)
		f = r.told()
	case KindCoverage:
		extra = r.fields(have, 1)
		f = Coverage{Rows: list(r, MaxCoverageRows, leastCoverage, (*reader).coverageRow)}
	case KindFreshness:
		extra = r.fields(have, 1)
		f = Freshness{Late: list(r, MaxFeeds, leastFeed, (*reader).late)}
	case KindReport:
		extra = r.fields(have, 6)
		f = r.report()
	case KindReviewed:
		extra = r.fields(have, 2)
		f = Reviewed{Request: narrow[uint32](r), ID: r.name()}
	case KindAnnouncements:
		extra = r.fields(have, 1)
		f = Announcements{Messages: list(r, MaxAnnouncements, leastAnnouncement, (*reader).announcement)}
	default:
		return r.laterNodeFrame(kind, have)
	}
	r.skip(extra)
	return f
}

func (r *reader) laterNodeFrame(kind Kind, have int) (f Frame) {
	extra := 0
	switch kind {
	case KindSession:
		extra = r.fields(have, 5)
		f = Session{SignIn: enumeration(r, SignInProvider), IdleMillis: narrow[uint32](r), Ends: Instant(r.int()), Print: r.bool(), Copy: r.bool()}
	case KindHandedOver:
		extra = r.fields(have, 3)
		f = HandedOver{System: r.name(), Commission: hsaID(r, CommissionID{}), Patient: r.patient(PatientID{})}
	case KindSources:
		extra = r.fields(have, 2)
		f = Sources{Generation: narrow[Generation](r), Rows: list(r, MaxSourceRows, leastSource, (*reader).source)}
	case KindSeries:
		extra = r.fields(have, 4)
		f = Series{Request: narrow[uint32](r), Generation: narrow[Generation](r), Points: list(r, MaxPoints, leastPoint, (*reader).point), More: r.bool()}
	case KindTaken:
		extra = r.fields(have, 2)
		f = Taken{Request: narrow[uint32](r), ID: r.name()}
	case KindThanked:
		extra = r.fields(have, 2)
		f = Thanked{Request: narrow[uint32](r), ID: r.name()}
	default:
		r.fail(ErrKind)
	}
	r.skip(extra)
	return f
}
