package command

import (
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// ErrInvalid is a command that is well-formed but meaningless. The error says which
// rule it breaks and never what stood in it.
var ErrInvalid = errors.New("command: meaningless command")

func invalid(kind Kind, rule string) error {
	return fmt.Errorf("%w: kind %d: %s", ErrInvalid, kind, rule)
}

// Check reports what is wrong with a command in itself, whatever the state. The
// proposer asks it before a command goes into the log; Apply asks it again and
// answers StatusInvalid. It knows the rules of every level up to this build's, and must
// give the same answer in every release that reads a log of that level.
func Check(c Command) error {
	rule, known := c.rule()
	if !known {
		return unknownKind(c.Kind)
	}
	if rule != "" {
		return invalid(c.Kind, rule)
	}
	return nil
}

// rule returns the rule that the command breaks, or "".
func (c Command) rule() (rule string, known bool) {
	form := newBody(c.Kind)
	if form == nil {
		return "", false
	}
	if reflect.TypeOf(c.Body) != reflect.TypeOf(form).Elem() {
		return "the body is of another kind", true
	}
	return c.Body.(interface{ rule() string }).rule(), true
}

func (b PutSnapshot) rule() string {
	switch {
	case b.Subject == Subject{}:
		return "no subject"
	case !KnownContract(b.Contract):
		return "unknown contract"
	case !isName(b.Source):
		return "no source, or one too long"
	case b.Failed && (b.Complete || len(b.Documents) > 0 || len(b.Keep) > 0):
		return "failed, and yet an answer"
	case len(b.Keep) > 0 && !b.Complete:
		return "keys to keep in a set that is not complete"
	case len(b.Documents) > MaxDocuments || len(b.Keep) > MaxKeep:
		return "too many documents"
	}
	for i := range b.Documents {
		if rule := b.Documents[i].rule(); rule != "" {
			return rule
		}
	}
	return ""
}

func (d *SealedDocument) rule() string {
	switch {
	case d.Key == [16]byte{}:
		return "a document without a key"
	case len(d.CareProvider) > MaxNameBytes || len(d.CareUnit) > MaxNameBytes:
		return "an owner too long"
	case len(d.Header) == 0 || len(d.Body) == 0:
		return "a document without header or body"
	case len(d.Header) > MaxSealedHeader || len(d.Body) > MaxSealedBody:
		return "a document too large"
	}
	return ""
}

func (b DropSource) rule() string {
	if !isName(b.Source) {
		return "no source, or one too long"
	}
	return ""
}

func (b ErasePatient) rule() string {
	if (b.Subject == Subject{}) {
		return "no subject"
	}
	return ""
}

func (b FeedPage) rule() string {
	switch {
	case len(b.Upserts) > MaxRows || len(b.Removes) > MaxRows:
		return "too many rows"
	case len(b.Watermark) > MaxWatermarkBytes:
		return "a watermark too long"
	case b.AsOf <= 0:
		return "no as-of time"
	}
	for i := range b.Upserts {
		if rule := b.Upserts[i].rule(); rule != "" {
			return rule
		}
	}
	return keysRule(b.Removes)
}

func (r *Row) rule() string {
	switch {
	case r.Subject == Subject{} || r.Key == [16]byte{}:
		return "a row without subject or key"
	case len(r.Sealed) == 0 || len(r.Sealed) > MaxSealedRow:
		return "a row that is empty or too large"
	}
	return ""
}

func keysRule(keys []RowKey) string {
	for _, k := range keys {
		if k.Subject == (Subject{}) || k.Key == [16]byte{} {
			return "a row without subject or key"
		}
	}
	return ""
}

func (e *LogEntry) rule() string {
	switch {
	case e.ID == [16]byte{}:
		return "a log entry without an id"
	case len(e.Sealed) == 0 || len(e.Sealed) > MaxSealedLog:
		return "a log entry that is empty or too large"
	case e.Commitment == [32]byte{}:
		return "a log entry without a commitment"
	}
	return ""
}

func linkedRule(linked []Subject) string {
	if len(linked) > MaxLinked {
		return "too many linked identities"
	}
	for _, s := range linked {
		if s == (Subject{}) {
			return "a linked identity that is none"
		}
	}
	return ""
}

func (b RegisterConsent) rule() string {
	if rule := b.Row.rule(); rule != "" {
		return rule
	}
	if b.Actor == (Subject{}) {
		return "a consent without an actor"
	}
	if b.Entry.Subject != b.Row.Subject {
		return "a consent and its log entry of two patients"
	}
	if rule := linkedRule(b.Linked); rule != "" {
		return rule
	}
	return b.Entry.rule()
}

func (b EndConsent) rule() string {
	if b.Actor == (Subject{}) {
		return "a consent without an actor"
	}
	if len(b.Rows) == 0 || len(b.Rows) > MaxRows {
		return "no rows, or too many"
	}
	for _, row := range b.Rows {
		if row.Subject != b.Entry.Subject {
			return "a consent and its log entry of two patients"
		}
	}
	if rule := keysRule(b.Rows); rule != "" {
		return rule
	}
	return b.Entry.rule()
}

func (b RecordAccess) rule() string {
	if b.Permit && (b.Patient == Subject{} || b.Actor == Subject{}) {
		return "a permit without patient or actor"
	}
	if b.Entry.Subject != b.Patient {
		return "a decision and its log entry of two patients"
	}
	if rule := linkedRule(b.Linked); rule != "" {
		return rule
	}
	return b.Entry.rule()
}

func (b RecordEvent) rule() string { return b.Entry.rule() }

func (b Canary) rule() string {
	if !isName(b.Node) {
		return "no node, or one too long"
	}
	return ""
}

func (b Activate) rule() string {
	if b.Level == 0 {
		return "level zero"
	}
	return ""
}

func (b RegisterSource) rule() string {
	if !isName(b.Source) || len(b.Agent) > MaxNameBytes {
		return "no source, or an id too long"
	}
	if len(b.Contracts) > MaxContracts {
		return "too many contracts"
	}
	for _, c := range b.Contracts {
		if !KnownContract(c) {
			return "unknown contract"
		}
	}
	return ""
}

func (b Checkpoint) rule() string {
	switch {
	case b.Size == 0:
		return "a checkpoint of nothing"
	case len(b.Note) == 0 || len(b.Note) > MaxNoteBytes:
		return "a checkpoint without a note, or with one too large"
	}
	return ""
}

func (b ExportAck) rule() string {
	switch {
	case b.Through == 0 || b.At <= 0:
		return "an export of nothing, or at no time"
	case len(b.Refused) > MaxRefused:
		return "too many refused entries"
	}
	var last uint64
	for _, n := range b.Refused {
		if n <= last || n > b.Through {
			return "refused entries out of order, or beyond the export"
		}
		last = n
	}
	return ""
}

func (b PutCoverage) rule() string {
	if len(b.Rows) > MaxCoverage {
		return "too many rows of coverage"
	}
	type row struct {
		provider string
		contract uint8
		since    int64
	}
	seen := make(map[row]struct{}, len(b.Rows)) // only asked, never ranged over
	for i := range b.Rows {
		r := &b.Rows[i]
		if !isName(r.CareProvider) || len(r.Name) > MaxTitleBytes || !KnownContract(r.Contract) {
			return "a row of coverage without care provider or with an unknown contract"
		}
		if r.Until != 0 && r.Until < r.Since {
			return "a row of coverage that ends before it begins"
		}
		one := row{r.CareProvider, r.Contract, r.Since}
		if _, twice := seen[one]; twice {
			return "a row of coverage twice"
		}
		seen[one] = struct{}{}
	}
	return ""
}

func (b NoteBackup) rule() string {
	switch {
	case b.Index == 0 || b.Term == 0:
		return "a backup of nothing"
	case b.Taken <= 0 || b.Verified < b.Taken:
		return "a backup that was taken at no time, or verified before"
	case b.Bytes < 0 || !isName(b.Node):
		return "a backup of no size, or taken nowhere"
	}
	return ""
}

func (b Announce) rule() string {
	if b.ID == [16]byte{} {
		return "an announcement without an id"
	}
	if b.Withdrawn {
		if b != (Announce{ID: b.ID, Withdrawn: true}) {
			return "an announcement that is withdrawn, and yet says something"
		}
		return ""
	}
	switch {
	case b.Kind != AnnouncePlanned && b.Kind != AnnounceOngoing:
		return "an announcement of an unknown kind"
	case b.From <= 0 || b.Until != 0 && b.Until <= b.From:
		return "an announcement that ends before it begins"
	case !isLine(b.Swedish) || !isLine(b.English):
		return "an announcement without a text, or with one that is too long or no line"
	}
	return ""
}

// isLine reports whether a text can be announced: it is neither empty nor too long, and
// has no control characters.
func isLine(s string) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxAnnounceRunes {
		return false
	}
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return false
		}
	}
	return true
}

// KnownContract reports whether the number is a contract of level 1. The registry of
// protocol may know more: they need a level of their own.
func KnownContract(c uint8) bool { return c > 0 && c <= lastContract }

func isName(s string) bool { return s != "" && len(s) <= MaxNameBytes }
