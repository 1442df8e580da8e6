package followup

import (
	"context"
	"fmt"

	"tvilling/node/internal/record"
)

// RecordReading puts into the log that an operator takes something out of it, before
// that is handed out.
func (s *Service) RecordReading(ctx context.Context, operator, what string) error {
	if operator == "" || len(operator) > maxOperator {
		return fmt.Errorf("%w: no operator", ErrNotAllowed)
	}
	_, err := s.record(ctx, record.Entry{
		Activity: record.ReadLog, Purpose: followPurpose, Actor: record.Actor{Operator: operator},
		Decision: record.Decision{Permit: true, Reason: reasonOperator}, Note: what,
	})
	return err
}
