package identity_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tvilling/node/internal/identity"
	"tvilling/protocol"
)

func TestProviderIdentifiesByTheSession(t *testing.T) {
	anna, err := protocol.ParseEmployeeID("SE2321000016-1ANN")
	if err != nil {
		t.Fatal(err)
	}
	session := &identity.Session{Employee: anna, Name: "Anna Ek"}
	got, err := identity.Provider{}.Identify(identity.Proof{Session: session})
	if err != nil || got.Employee != anna || got.Person() != (protocol.Person{Name: "Anna Ek"}) {
		t.Errorf("%+v, %v", got.Person(), err)
	}
	for name, p := range map[string]identity.Proof{
		"nobody":            {},
		"a session of none": {Session: &identity.Session{}},
	} {
		if _, err := (identity.Provider{}).Identify(p); !errors.Is(err, identity.ErrSignIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (identity.Provider{}).Identify(identity.Proof{Session: session, Person: "bo"}); !errors.Is(err, identity.ErrUnknown) {
		t.Errorf("somebody who also chooses: %v", err)
	}
	if (identity.Provider{}).People() != nil {
		t.Error("one can choose who to be")
	}
	if strings.Contains(fmt.Sprintf("%+v", session), "1ANN") {
		t.Error("a session prints whose it is")
	}
}

func TestSessionEnds(t *testing.T) {
	s := identity.Session{Idle: 10, Ends: 20}
	for at, over := range map[protocol.Instant]bool{9: false, 10: true, 25: true} {
		if s.Over(at) != over {
			t.Errorf("at %d: over is %t", at, !over)
		}
	}
	if s = (identity.Session{Idle: 30, Ends: 20}); !s.Over(20) {
		t.Error("use carries a session past its end")
	}
}
