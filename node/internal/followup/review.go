package followup

import (
	"context"
	"fmt"
	"unicode/utf8"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// Review registers the outcome of the review of an entry: of the own care provider's
// staff, and never of one's own access. It returns the review's own id.
func (s *Service) Review(ctx context.Context, who Reader, f protocol.Review) (string, error) {
	if f.Outcome < protocol.ReviewInOrder || f.Outcome > protocol.ReviewMisuse ||
		len(f.Comment) > protocol.MaxReasonBytes || !utf8.ValidString(f.Comment) {
		return "", fmt.Errorf("%w: a review has an outcome, and a comment of at most %d bytes", ErrTerms, protocol.MaxReasonBytes)
	}
	if who.Operator != "" {
		return "", ErrNotAllowed // an operator keeps the log and judges nobody
	}
	decision, err := s.standing(&who)
	if err != nil {
		return "", s.refuse(ctx, record.Entry{
			Activity: record.Review, Purpose: who.Commission.Purpose, Actor: actorOf(who), Decision: decision, Session: who.Session,
		}, err)
	}
	e, err := s.find(f.Entry)
	if err != nil {
		return "", err
	}
	if err := s.reviewable(who, e); err != nil {
		return "", err
	}
	draft := record.Entry{
		Activity: record.Review, Purpose: who.Commission.Purpose, Actor: actorOf(who), Patient: e.Patient,
		Decision: decision, Session: who.Session, Note: f.Comment, About: e.ID, Outcome: f.Outcome,
	}
	draft.Decision.Permit = true
	id, err := s.record(ctx, draft)
	return record.ShortID(id), err
}

// reviewable says why an entry is not one for this reader to review.
func (s *Service) reviewable(who Reader, e entry) error {
	switch {
	case e.Actor.CareProvider.Reveal() != who.Commission.CareProvider, !byUser(e.Activity), e.Activity == record.Review:
		return ErrNoEntry
	case e.Actor.Employee == who.Employee:
		return ErrOwnAccess
	}
	v, err := s.cfg.State.View()
	if err != nil {
		return err
	}
	defer v.Close()
	_, count, err := s.review(v, e.ID)
	if err == nil && count >= maxReviews {
		err = fmt.Errorf("%w: it has been reviewed %d times", ErrTerms, maxReviews)
	}
	return err
}
