package upstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tvilling/protocol"
)

// ErrDuplicate is a batch with a post that the log has already, or one that it does not
// take. It says no more than that; nothing of the batch was stored.
var ErrDuplicate = errors.New("a post of the batch is in the log already, or is not one that it takes")

// Limits of the log.
const (
	MaxLogPosts = 500              // in one call
	logTimeout  = 30 * time.Second // the log answers within 15 s
)

// LogPost is one entry for the national access log. Texts that are empty are left out.
type LogPost struct {
	ID        string // a UUID; the log refuses one that it has
	System    LogPlace
	Activity  LogActivity
	User      LogUser
	Resources []LogResource // at least one
}

// LogPlace is a system, a care provider or a care unit: an HSA-id and a name.
type LogPlace struct {
	ID   string
	Name string
}

// LogActivity is what was done, when and what for.
type LogActivity struct {
	Type    string // Läsa, Skriva, Signera, Utskrift, Vidimera, Radera, Nödöppning
	Level   string // at most 256 characters
	Args    string // at most 8192
	Start   protocol.Instant
	Purpose string // Vård och behandling, Administration, ...
}

// LogUser is who did it.
type LogUser struct {
	ID           string // HSA-id
	Name         string
	Assignment   string // the commission's name
	Title        string
	CareProvider LogPlace // owns the post
	CareUnit     LogPlace
}

// LogResource is what was read, and whose.
type LogResource struct {
	Type         string // a type of information
	Patient      protocol.PatientID
	CareProvider LogPlace // owns the information
	CareUnit     LogPlace // without an ID: left out
}

// LogResult is what the log answered to a batch.
type LogResult struct {
	Stored int    // posts: all of the batch, or none
	Code   string // the service's own; empty where it gave none that is known
}

// LogService is the national access log.
type LogService struct {
	endpoint Endpoint
	clock    Clock
}

// NewLogService returns the log at an endpoint.
func NewLogService(e Endpoint) (*LogService, error) {
	clock, err := NewClock()
	return &LogService{endpoint: e, clock: clock}, err
}

const (
	logSpace = "urn:riv:informationsecurity:auditing:log:StoreLogResponder:2"
	logTypes = "urn:riv:informationsecurity:auditing:log:2"
)

// StoreLog stores at most MaxLogPosts posts, all or none of them. After an error it
// is known that none was stored but for ErrUnavailable, where it is not known: the same
// posts are sent again with the same ids.
//
//	ErrDuplicate    the log has one of them, or one is not as it should be: send them one by one
//	ErrRefused      the log takes nothing from us: somebody has to be asked
//	ErrUnavailable  try again
//	ErrAnswer       the answer cannot be read; as ErrUnavailable
func (s *LogService) StoreLog(ctx context.Context, posts []LogPost) (LogResult, error) {
	if len(posts) == 0 || len(posts) > MaxLogPosts {
		return LogResult{}, fmt.Errorf("%w: a batch of %d posts", ErrRefused, len(posts))
	}
	var body fields
	for i := range posts {
		body.in("r:log", func() { s.post(&body, &posts[i]) })
	}
	var verdict result
	err := s.endpoint.call(ctx, newContract(logSpace, logTypes, "StoreLog", "result"), logTimeout, body.String(), verdict.take)
	if err != nil {
		return LogResult{}, err
	}
	switch err := verdict.check("StoreLog"); {
	case err == nil:
		return LogResult{Stored: len(posts), Code: verdict.code}, nil
	case verdict.code == "VALIDATION_ERROR" || verdict.code == "VALIDATIONERROR":
		return LogResult{Code: verdict.code}, fmt.Errorf("StoreLog: %w", ErrDuplicate)
	default:
		return LogResult{Code: verdict.code}, err
	}
}

func (s *LogService) post(f *fields, p *LogPost) {
	f.put("t:logId", p.ID)
	f.in("t:system", func() {
		f.put("t:systemId", p.System.ID)
		f.put("t:systemName", p.System.Name)
	})
	f.in("t:activity", func() {
		f.put("t:activityType", p.Activity.Type)
		f.put("t:activityLevel", p.Activity.Level)
		f.put("t:activityArgs", p.Activity.Args)
		f.put("t:startDate", s.clock.text(p.Activity.Start))
		f.put("t:purpose", p.Activity.Purpose)
	})
	f.in("t:user", func() {
		f.put("t:userId", p.User.ID)
		f.put("t:name", p.User.Name)
		f.put("t:assignment", p.User.Assignment)
		f.put("t:title", p.User.Title)
		f.provider(p.User.CareProvider)
		f.unit(p.User.CareUnit)
	})
	f.in("t:resources", func() {
		for _, r := range p.Resources {
			f.in("t:resource", func() {
				f.put("t:resourceType", r.Type)
				if !r.Patient.IsZero() {
					f.in("t:patient", func() { f.in("t:patientId", func() { f.patient(r.Patient) }) })
				}
				f.provider(r.CareProvider)
				f.unit(r.CareUnit)
			})
		}
	})
}

func (f *fields) provider(p LogPlace) {
	f.in("t:careProvider", func() {
		f.put("t:careProviderId", p.ID)
		f.put("t:careProviderName", p.Name)
	})
}

func (f *fields) unit(p LogPlace) {
	if p.ID == "" {
		return
	}
	f.in("t:careUnit", func() {
		f.put("t:careUnitId", p.ID)
		f.put("t:careUnitName", p.Name)
	})
}

// patient writes the two parts of a patient's id.
func (f *fields) patient(id protocol.PatientID) {
	f.put("t:root", id.Kind().Root())
	f.put("t:extension", id.Reveal())
}
