package followup

import (
	"context"

	"tvilling/node/internal/record"
)

// RecordReading puts into the log that an operator takes something out of it, before
// that is handed out.
func (s *Service) RecordReading(ctx context.Context, operator, what string) error {
	if err := named(operator); err != nil {
		return err
	}
	_, err := s.record(ctx, record.Entry{
		Activity: record.ReadLog, Purpose: followPurpose, Actor: record.Actor{Operator: operator},
		Decision: record.Decision{Permit: true, Reason: reasonOperator}, Note: what,
	})
	return err
}
