package command

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/vmihailenco/msgpack/v5"
)

// Errors of the codec. A state machine that meets one of them in its log stops: an
// entry that it skipped would make it differ from replicas that know better.
var (
	ErrMalformed      = errors.New("command: malformed entry")
	ErrTooLarge       = errors.New("command: entry exceeds a limit")
	ErrUnknownKind    = errors.New("command: unknown kind of command")
	ErrUnknownVersion = errors.New("command: unknown version of a command")
	ErrUnknownLevel   = errors.New("command: feature level above this build's")
	ErrInactive       = errors.New("command: of a level that is not active")
)

const (
	entryForm      = 1 // the first number of an entry: how the rest is written
	entryFields    = 4 // form, level, stamp, commands
	commandFields  = 4 // kind, version, intent, body
	currentVersion = 1 // of every kind so far
)

// Kinds returns every kind that this build knows, in ascending order.
func Kinds() []Kind {
	all := []Kind{
		KindPutSnapshot, KindDropSource, KindErasePatient,
		KindBlockPage, KindConsentPage, KindRelationPage, KindCommissionPage, KindPersonPage,
		KindRegisterConsent, KindEndConsent, KindRegisterEmergency, KindRecordAccess, KindRecordEvent,
		KindCanary, KindActivate, KindRegisterSource, KindCheckpoint, KindExportAck, KindPutCoverage,
		KindNoteBackup, KindAnnounce,
	}
	return slices.DeleteFunc(all, func(k Kind) bool { return k.Level() > Level })
}

// newBody returns a pointer to an empty body of the kind, or nil.
func newBody(kind Kind) any {
	if kind.Level() > Level {
		return nil
	}
	switch kind {
	case KindPutSnapshot:
		return new(PutSnapshot)
	case KindDropSource:
		return new(DropSource)
	case KindErasePatient:
		return new(ErasePatient)
	case KindBlockPage, KindConsentPage, KindRelationPage, KindCommissionPage, KindPersonPage:
		return new(FeedPage)
	case KindRegisterConsent, KindRegisterEmergency:
		return new(RegisterConsent)
	case KindEndConsent:
		return new(EndConsent)
	case KindRecordAccess:
		return new(RecordAccess)
	case KindRecordEvent:
		return new(RecordEvent)
	case KindCanary:
		return new(Canary)
	case KindActivate:
		return new(Activate)
	case KindRegisterSource:
		return new(RegisterSource)
	case KindCheckpoint:
		return new(Checkpoint)
	case KindExportAck:
		return new(ExportAck)
	case KindPutCoverage:
		return new(PutCoverage)
	case KindNoteBackup:
		return new(NoteBackup)
	case KindAnnounce:
		return new(Announce)
	default:
		return nil
	}
}

// Encode returns the entry as it stands in the log. It refuses what Decode or Check
// would.
func Encode(e Entry) ([]byte, error) {
	commands := make([][]byte, len(e.Commands))
	for i := range e.Commands {
		b, err := EncodeCommand(e.Commands[i])
		if err != nil {
			return nil, fmt.Errorf("command %d: %w", i, err)
		}
		commands[i] = b
	}
	return Join(e.Level, e.Stamp, commands...)
}

// EncodeCommand returns one command as it stands in an entry, after checking it. A
// proposer encodes once; the leader joins what several proposers encoded.
func EncodeCommand(c Command) ([]byte, error) {
	if err := Check(c); err != nil {
		return nil, err
	}
	if c.Version == 0 {
		c.Version = currentVersion
	}
	if c.Version != currentVersion {
		return nil, fmt.Errorf("%w: %d of kind %d", ErrUnknownVersion, c.Version, c.Kind)
	}
	var buffer bytes.Buffer
	encoder := newEncoder(&buffer)
	defer msgpack.PutEncoder(encoder)
	err := errors.Join(
		encoder.EncodeArrayLen(commandFields),
		encoder.EncodeUint(uint64(c.Kind)),
		encoder.EncodeUint(uint64(c.Version)),
		encoder.EncodeBytes(c.Intent[:]),
		encoder.Encode(c.Body),
	)
	if err != nil {
		return nil, fmt.Errorf("command: encode kind %d: %w", c.Kind, err)
	}
	if buffer.Len() > MaxCommandBytes {
		return nil, fmt.Errorf("%w: %d bytes of kind %d", ErrTooLarge, buffer.Len(), c.Kind)
	}
	return buffer.Bytes(), nil
}

// Join makes an entry of encoded commands. Their form is walked, so that bytes which
// no state machine could read never get into the log; nor does a command of a higher
// level than the entry's, which replicas of the release before could not read.
func Join(level uint16, stamp int64, commands ...[]byte) ([]byte, error) {
	if len(commands) == 0 || len(commands) > MaxCommands {
		return nil, fmt.Errorf("%w: %d commands", ErrTooLarge, len(commands))
	}
	if level == 0 {
		level = 1
	}
	if level > Level {
		return nil, TooNew("the entry", level)
	}
	size := EntryOverhead
	for i, b := range commands {
		kind, err := walk(b)
		if err != nil {
			return nil, fmt.Errorf("command %d: %w", i, err)
		}
		if kind.Level() > level {
			return nil, fmt.Errorf("command %d: %w: kind %d is of level %d, and %d is active", i, ErrInactive, kind, kind.Level(), level)
		}
		size += len(b)
	}
	if size > MaxEntryBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
	}
	buffer := bytes.NewBuffer(make([]byte, 0, size))
	encoder := newEncoder(buffer)
	defer msgpack.PutEncoder(encoder)
	err := errors.Join(
		encoder.EncodeArrayLen(entryFields),
		encoder.EncodeUint(entryForm),
		encoder.EncodeUint(uint64(level)),
		encoder.EncodeInt(stamp),
		encoder.EncodeArrayLen(len(commands)),
	)
	if err != nil {
		return nil, fmt.Errorf("command: encode entry: %w", err)
	}
	for _, b := range commands {
		buffer.Write(b)
	}
	return buffer.Bytes(), nil
}

// walk checks the form of one encoded command, and that nothing follows it. It returns
// the command's kind.
func walk(b []byte) (Kind, error) {
	s := scanner{b: b}
	kind, err := s.command()
	if err != nil {
		return 0, err
	}
	if s.at != len(b) {
		return 0, s.malformed("bytes after the command")
	}
	return kind, nil
}

// DecodeCommand reads and checks one encoded command: what a leader does with the
// commands that peers forward to it, before it joins them.
func DecodeCommand(b []byte) (Command, error) {
	if len(b) > MaxCommandBytes {
		return Command{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	if _, err := walk(b); err != nil {
		return Command{}, err
	}
	decoder := newDecoder(b)
	defer msgpack.PutDecoder(decoder)
	c, err := decodeCommand(decoder)
	if err != nil {
		return Command{}, err
	}
	return c, Check(c)
}

// Decode reads an entry. It does not Check the commands: one that is meaningless is
// answered with StatusInvalid, on every replica alike.
func Decode(b []byte) (Entry, error) {
	commands, err := scanEntry(b)
	if err != nil {
		return Entry{}, err
	}
	decoder := newDecoder(b)
	defer msgpack.PutDecoder(decoder)
	e := Entry{Commands: make([]Command, commands)}
	if _, err := decoder.DecodeArrayLen(); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := decoder.DecodeMulti(new(uint8), &e.Level, &e.Stamp); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if _, err := decoder.DecodeArrayLen(); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	for i := range e.Commands {
		if e.Commands[i], err = decodeCommand(decoder); err != nil {
			return Entry{}, fmt.Errorf("command %d: %w", i, err)
		}
	}
	return e, nil
}

// scanEntry walks an entry's form and returns how many commands it holds.
func scanEntry(b []byte) (int, error) {
	if len(b) > MaxEntryBytes {
		return 0, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	s := scanner{b: b}
	if n, err := s.array(); err != nil {
		return 0, err
	} else if n != entryFields {
		return 0, s.malformed("wrong number of fields")
	}
	form, err := s.number(8)
	if err != nil {
		return 0, err
	}
	level, err := s.number(16)
	if err != nil {
		return 0, err
	}
	if form != entryForm {
		return 0, fmt.Errorf("%w: entry form %d", ErrUnknownLevel, form)
	}
	if level > uint64(Level) {
		return 0, TooNew("the entry", uint16(level))
	}
	if err := s.value(&shape{kind: reflect.Int64}); err != nil {
		return 0, err
	}
	n, err := s.array()
	if err != nil {
		return 0, err
	}
	if n == 0 || n > MaxCommands {
		return 0, fmt.Errorf("%w: %d commands", ErrTooLarge, n)
	}
	for i := range n {
		if _, err := s.command(); err != nil {
			return 0, fmt.Errorf("command %d: %w", i, err)
		}
	}
	if s.at != len(b) {
		return 0, s.malformed("bytes after the entry")
	}
	return n, nil
}

// decodeCommand reads a command whose form has been walked.
func decodeCommand(decoder *msgpack.Decoder) (Command, error) {
	var c Command
	if _, err := decoder.DecodeArrayLen(); err != nil {
		return Command{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := decoder.DecodeMulti((*uint16)(&c.Kind), &c.Version, &c.Intent); err != nil {
		return Command{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	body := newBody(c.Kind)
	if body == nil {
		return Command{}, unknownKind(c.Kind)
	}
	if err := decoder.Decode(body); err != nil {
		return Command{}, fmt.Errorf("%w: kind %d: %w", ErrMalformed, c.Kind, err)
	}
	c.Body = reflect.ValueOf(body).Elem().Interface()
	return c, nil
}

func newEncoder(buffer *bytes.Buffer) *msgpack.Encoder {
	encoder := msgpack.GetEncoder()
	encoder.Reset(buffer)
	encoder.UseArrayEncodedStructs(true)
	encoder.UseCompactInts(true)
	return encoder
}

func newDecoder(b []byte) *msgpack.Decoder {
	decoder := msgpack.GetDecoder()
	decoder.Reset(bytes.NewReader(b))
	return decoder
}
