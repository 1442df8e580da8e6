package standin

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// now returns how a service is.
func (s *stage) now(name string) behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.told[name]
}

// A call to a service that stalls is held until it is told to go on, or its caller goes.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 0, blockText("b1", fiona, ""))
		s.tell("blocks", `{"stall":true}`)
		answered := make(chan []string, 1)
		go func() {
			ids, _, _ := s.blocks("")
			answered <- ids
		}()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan bool, 1)
		go func() {
			_, closed := s.do(ctx, http.MethodPost, "/blocks", "")
			left <- closed
		}()
		time.Sleep(time.Hour)
		if got := s.now("blocks").Waiting; got != 2 {
			t.Errorf("%d calls are held, want 2", got)
		}
		if _, _, next, _ := s.consents("", true); next == "" {
			t.Error("another service stalls too")
		}
		cancel()
		if !<-left {
			t.Error("a caller that left was answered")
		}
		s.replace(blockText("b2", fiona, ""))
		s.tell("blocks", `{"stall":false}`)
		s.want("what is there when it goes on", <-answered, []string{"b2"})
		if told := s.now("blocks"); told.Waiting != 0 || told.Calls != 2 {
			t.Errorf("afterwards: %+v", told)
		}
	})
}

func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 0, "# nothing\n")
		for name, operation := range map[string]string{"blocks": "GetBlocks", "engagement": "AssertCareEngagement"} {
			s.tell(name, `{"fail":"fault"}`)
			if code, answer := s.soap(name, operation, ""); code != 500 || !strings.HasPrefix(text(t, answer, "faultstring"), "VP009") {
				t.Errorf("%s, fault: %d %s", name, code, answer)
			}
			s.tell(name, `{"fail":"garbage"}`)
			if code, answer := s.soap(name, operation, ""); code != 200 || !strings.HasPrefix(answer, "<<<") {
				t.Errorf("%s, garbage: %d %s", name, code, answer)
			}
			s.tell(name, `{"fail":"close"}`)
			if code, answer := s.soap(name, operation, ""); code != 0 {
				t.Errorf("%s, close: %d %s", name, code, answer)
			}
			s.tell(name, `{"fail":""}`)
		}
		s.tell("blocks", `{"fail":"error"}`)
		if _, answer := s.soap("blocks", "GetBlocks", ""); text(t, answer, "resultCode") != "ERROR" {
			t.Error(answer)
		}
	})
}

func TestLies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 0, blockText("b1", fiona, "")+consentText("c1", ""))
		_, next, latest := s.blocks("")
		time.Sleep(time.Minute)
		s.tell("blocks", `{"resync":true}`)
		_, _, moved := s.blocks("")
		if moved <= latest {
			t.Errorf("a demanded resync left the latest cancellation at %s", moved)
		}
		s.tell("blocks", `{"lie":"backwards"}`)
		if _, got, _ := s.blocks(since(next)); got >= next {
			t.Errorf("backwards: asked from %s, next is %s", next, got)
		}
		s.tell("blocks", `{"lie":"more-forever"}`)
		_, _, one := s.blocks("")
		time.Sleep(time.Minute)
		if _, _, two := s.blocks(""); two <= one {
			t.Error("more-forever: the latest cancellation stands still")
		}
		s.tell("blocks", `{"lie":"empty"}`)
		ids, _, _ := s.blocks("")
		s.want("empty", ids, nil)
		s.tell("blocks", `{"lie":"duplicate"}`)
		ids, _, _ = s.blocks("")
		s.want("duplicate", ids, []string{"b1", "b1"})
		s.tell("blocks", `{"lie":"wrong-namespace"}`)
		if _, answer := s.soap("blocks", "GetBlocks", ""); !strings.Contains(answer, "GetBlocksResponder:40") {
			t.Error("another major version did not answer")
		}
		s.tell("consents", `{"lie":"wrong-provider"}`)
		_, answer := s.soap("consents", "GetConsentsForCareProvider", "<r:careProviderId>SE1-1000</r:careProviderId><r:getCancelledFlag>0</r:getCancelledFlag>")
		if got := text(t, answer, "careProviderId"); got != liarProvider {
			t.Errorf("wrong-provider: %s", got)
		}
		s.tell("consents", `{"lie":"more-forever"}`)
		if _, _, got, more := s.consents("2000-01-01T00:00:00", true); !more || got != "2000-01-01T00:00:00" {
			t.Errorf("more-forever: %v from %s", more, got)
		}
	})
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 0, "# nothing\n")
		good := s.envelope("blocks", "GetBlocks", "")
		action := s.services["blocks"].action
		for _, c := range []struct{ name, body, action, want string }{
			{"as it should be", good, action, ""},
			{"no XML", "hej", action, "VP015"},
			{"no address", strings.Replace(good, "SE165565594230-1000", "", 1), action, "VP003"},
			{"another contract", strings.ReplaceAll(good, "GetBlocksResponder:4", "GetBlocksResponder:3"), action, "VP015"},
			{"an element of another namespace", s.envelope("blocks", "GetBlocks", "<c:createdOnOrAfter>2000-01-01T00:00:00</c:createdOnOrAfter>"), action, "VP015"},
			{"a misspelled element", s.envelope("blocks", "GetBlocks", "<r:createdAfter>2000-01-01T00:00:00</r:createdAfter>"), action, "VP015"},
			{"another action", good, action + "X", "VP015"},
		} {
			w, _ := s.do(t.Context(), http.MethodPost, "/blocks", c.body, "SOAPAction", c.action)
			fault := strings.Join(texts(t, w.Body.String(), "faultstring"), "")
			if (w.Code == http.StatusOK) != (c.want == "") || !strings.HasPrefix(fault, c.want) {
				t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			}
		}
		_, answer := s.soap("blocks", "GetBlocks", since("i går"))
		if got := text(t, answer, "resultCode"); got != "VALIDATIONERROR" {
			t.Errorf("a time that is none: %s", got)
		}
		_, answer = s.soap("consents", "GetConsentsForCareProvider", "<r:careProviderId>SE1-1000</r:careProviderId>")
		if got := text(t, answer, "resultCode"); got != "VALIDATION_ERROR" {
			t.Errorf("no flag: %s", got)
		}
		for path, order := range map[string]string{
			"nobody": `{"stall":true}`, "blocks": `{"stal":true}`, "consents": `{"resync":true}`, "log": `{"lie":"backwards"}`,
			"directory": `{"fail":"sometimes"}`, "blocks/cancel?id=none": "", "persons/cancel?id=x": "", "blocks/stall": "{}",
		} {
			if w, _ := s.do(t.Context(), http.MethodPost, "/control/"+path, order); w.Code/100 != 4 {
				t.Errorf("%s %s: %d", path, order, w.Code)
			}
		}
		if w, _ := s.do(t.Context(), http.MethodPost, "/control/blocks", `{"stall":true}`, "Origin", "https://evil.example"); w.Code != http.StatusForbidden {
			t.Errorf("a page in a browser gave an order: %d", w.Code)
		}
	})
}

// A file that cannot be read is refused with places only, and changes nothing.
func TestBadFiles(t *testing.T) {
	consent := consentText("secret", "")
	for _, c := range []struct{ name, text, want string }{
		{"nothing", " \n", "empty"},
		{"not TOML", "secret", "line 1, column"},
		{"an unknown key", consent + "secret = 1\n", "a key that is not known"},
		{"a wrong check digit", strings.Replace(consent, "2383", "2384", 1), "[[consent]] row 1, patient: protocol: patient id has a wrong check digit"},
		{"no unit", strings.Replace(consent, "SE1-1100", "", 1), "row 1, care_unit: is needed"},
		{"no start", strings.Replace(consent, "start = 1999-01-01", "", 1), "row 1, start: is needed"},
		{"the end before the start", consentText("secret", "1998-01-01"), "row 1, end: before start"},
		{"a time in words", consentText("secret", `"secret"`), "row 1, end: not a time"},
		{"an id twice", consent + consent, "[[consent]] row 2, id: the same as in row 1"},
		{"an id too long for the wire", consentText(strings.Repeat("secret", 7), ""), "row 1, id: longer than 36"},
		{"an inner block without unit", "[[block]]\nid = \"secret\"\npatient = \"" + fiona + "\"\nkind = \"inner\"\ncare_provider = \"SE1-1000\"\n", "care_unit: is needed for an inner block"},
		{"a zone in a block's period", blockText("secret", fiona, "start = 2020-01-01T00:00:00Z\n"), "row 1, start: not a Swedish local"},
		{"another exemption", blockText("secret", fiona, "exempt = [\"dia\"]\n"), "exempt: is lak or upp"},
		{"a lift without an end", blockText("secret", fiona, "[[block.lift]]\ncare_unit = \"SE1-1100\"\n"), "lift.end: is needed"},
		{"rights of two parts", "[[commission]]\nrights = [\"secret;x\"]\n", "row 1, rights: not of the form"},
		{"more faults than anyone reads", strings.Repeat("[[engagement]]\nunit = \"secret å\"\n", 30), "and more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, 0, consentText("c1", ""))
				warned := 0
				s.store.warn = func(error) { warned++ }
				s.replace(c.text)
				for range 2 {
					rows, _, _, _ := s.consents("", true)
					s.want("what stands", rows, []string{"c1"})
				}
				if warned != 1 {
					t.Errorf("told of it %d times, want once", warned)
				}
				if err := s.store.fail; !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
					t.Errorf("said %v, want %q and nothing of the file", err, c.want)
				}
				if _, err := New(Config{File: s.path}); !errors.Is(err, ErrFile) {
					t.Errorf("at the start: %v", err)
				}
				s.replace(consentText("c2", ""))
				rows, _, _, _ := s.consents("", true)
				s.want("when it is mended", rows, []string{"c2"})
				if s.store.fail != nil {
					t.Errorf("still: %v", s.store.fail)
				}
			})
		})
	}
	if _, err := New(Config{File: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "localhost:0", "192.0.2.1:0", "[::]:0"} {
		if l, err := Listen(address); !errors.Is(err, ErrLoopback) {
			t.Errorf("%s: %v", address, err)
			_ = l.Close()
		}
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := begin(t, 0, "# nothing\n")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	s.tell("blocks", `{"stall":true}`)
	held := make(chan error, 1)
	go func() {
		r, err := http.Post("http://"+l.Addr().String()+"/blocks", "text/xml", strings.NewReader(""))
		if err == nil {
			_ = r.Body.Close()
		}
		held <- err
	}()
	for calls := 0; calls == 0; { // a level: it is held
		r, err := http.Get("http://" + l.Addr().String() + "/control")
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		calls = s.now("blocks").Waiting
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if err := <-held; err == nil {
		t.Error("a call that was held was answered at the end")
	}
}

func TestTheHourThatComesTwice(t *testing.T) {
	first, err := fromWire("2026-10-25T02:30:00")
	if err != nil || time.Unix(int64(first), 0).UTC().Hour() != 0 {
		t.Errorf("%v, %v: want the earlier of the two", time.Unix(int64(first), 0).UTC(), err)
	}
	if got := (first + 3600).wire(); got != first.wire() {
		t.Errorf("%s and %s", got, first.wire())
	}
}

func FuzzRequests(f *testing.F) {
	path := filepath.Join(f.TempDir(), "services.toml")
	if err := os.WriteFile(path, []byte(blockText("b1", fiona, "")), 0o600); err != nil {
		f.Fatal(err)
	}
	server, err := New(Config{File: path})
	if err != nil {
		f.Fatal(err)
	}
	s := &stage{Server: server}
	f.Add("log", s.envelope("log", "StoreLog", post("1", "", "")))
	f.Add("blocks", s.envelope("blocks", "GetBlocks", since("2000-01-01T00:00:00")))
	f.Add("relations", s.envelope("relations", "GetPatientRelationsForCareProviderRequest", "<r:CareProviderId>SE1-1000</r:CareProviderId>"))
	f.Fuzz(func(t *testing.T, name, body string) {
		service, ok := server.services[name]
		if !ok {
			return
		}
		answer, err := server.answer(service, []byte(body), behaviour{})
		var fault *faultError
		if err != nil && !errors.As(err, &fault) {
			t.Fatal(err)
		}
		if err == nil {
			texts(t, string(answer), "resultCode")
		}
	})
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(blockText("b1", fiona, "start = 2020-01-01\n") + liftText("l1", "10:00:00")))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parse(text)
		if err != nil {
			return
		}
		for _, b := range c.blocks {
			if b.patient == "" || b.provider == "" || b.inner != (b.unit != "") {
				t.Fatal("a block without a patient or a place was taken")
			}
		}
	})
}
