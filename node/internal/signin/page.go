package signin

import (
	"html/template"
	"net/http"
	"sync"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// words are what a page without the program says, in both languages.
type words struct {
	fault  protocol.Fault
	status int
	sv, en string
}

// What can be on the way. A page says what to do next, and nothing of anybody.
var (
	pageUnreached = words{protocol.FaultSignIn, http.StatusServiceUnavailable,
		"Inloggningstjänsten svarar inte just nu. Försök igen om en liten stund. Fortsätter det, ange tid och kod för driften.",
		"The sign-in service does not answer just now. Try again in a little while. If it goes on, tell the operators the time and the code."}
	pageBusy = words{protocol.FaultBusy, http.StatusServiceUnavailable,
		"Många loggar in just nu. Försök igen om en liten stund.",
		"Many are signing in just now. Try again in a little while."}
	pageAgain = words{protocol.FaultSignIn, http.StatusBadRequest,
		"Inloggningen blev inte klar: den tog för lång tid, eller påbörjades i ett annat fönster. Logga in igen.",
		"Signing in was not completed: it took too long, or was begun in another window. Sign in again."}
	pageRefused = words{protocol.FaultSignIn, http.StatusForbidden,
		"Inloggningstjänsten släppte inte igenom inloggningen. Logga in igen.",
		"The sign-in service did not let you through. Sign in again."}
	pageACR = words{protocol.FaultWhoAreYou, http.StatusForbidden,
		"Inloggningen är inte tillräckligt säker för Tvilling. Logga in igen, med ditt e-tjänstekort.",
		"The way you signed in is not safe enough for Tvilling. Sign in again, with your staff card."}
	pageEmployee = words{protocol.FaultWhoAreYou, http.StatusForbidden,
		"Inloggningstjänsten sade inte vilket medarbetaruppdrag du har: HSA-id saknas. Kontakta den som lägger upp behörigheter hos dig.",
		"The sign-in service did not say which employee you are: there is no HSA-id. Ask whoever manages authorisations where you work."}
	pageUnrecorded = words{protocol.FaultNoQuorum, http.StatusServiceUnavailable,
		"Inloggningen kunde inte registreras, och då släpps ingen in. Försök igen om en liten stund.",
		"The sign-in could not be recorded, and then nobody is let in. Try again in a little while."}
	pageUnsaid = words{protocol.FaultNoQuorum, http.StatusServiceUnavailable,
		"Den här webbläsaren är utloggad, men utloggningen kunde inte registreras. Stäng webbläsaren helt: andra fönster kan fortfarande vara inloggade. Tvilling försöker igen av sig självt. När inloggningens tid är ute är den över överallt.",
		"This browser is signed out, but the sign-out could not be recorded. Close the browser completely: other windows may still be signed in. Tvilling tries again by itself. When the session's time is out it is over everywhere."}
	pageHandOver = words{protocol.FaultHandOver, http.StatusBadRequest,
		"Uthoppet från journalsystemet kunde inte tas emot. Gå tillbaka till journalsystemet och öppna patienten därifrån igen, eller fortsätt och välj patient i Tvilling.",
		"The hand-over from the record system could not be taken. Go back to the record system and open the patient from there again, or go on and choose the patient in Tvilling."}
	pageCertificate = words{protocol.FaultWhoAreYou, http.StatusForbidden,
		"Här loggar du in med ditt e-tjänstekort. Sätt kortet i läsaren, stäng webbläsaren helt, öppna den igen och välj ditt certifikat när den frågar. Sidan Testa datorn säger vad som saknas.",
		"Here you sign in with your staff card. Put the card in the reader, close the browser completely, open it again and choose your certificate when it asks. The page Test the computer says what is missing."}
	pageForeign = words{protocol.FaultMalformed, http.StatusForbidden,
		"Begäran kom från en annan webbplats.",
		"The request came from another site."}
)

// style is how the pages look. It is a file: the policy that comes with them allows no
// style in a page, and no script at all.
const style = `:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif }
main { max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; line-height: 1.25 }
h2 { font-size: 1.2rem; margin-top: 2.5rem }
a { color: LinkText; display: inline-block; padding: .25rem 0 }
`

func (s *Service) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write([]byte(style)) // the browser went away: nothing to mend
}

// pageText is the page.
var pageText = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="sv">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/sign-in/style.css">
<title>{{.Swedish.Title}} – Tvilling</title>
<main>
<h1>{{.Swedish.Title}}</h1>
<p>{{.SV}}</p>
<p><a href="{{.Next}}">{{.NextSV}}</a> · <a href="/test">Testa datorn</a></p>
<section lang="en">
<h2>{{.English.Title}}</h2>
<p>{{.EN}}</p>
<p><a href="{{.Next}}">{{.NextEN}}</a> · <a href="/test">Test the computer</a></p>
</section>
<p>{{.Code}} · {{.ID}} · {{.At}}</p>
</main>
</html>
`))

// linesPerSecond is how often it is logged that a way in ended: whoever reaches the address
// can have it end. More are counted, and told of with the next.
const linesPerSecond = 20

// lines counts those of one second.
type lines struct {
	mu     sync.Mutex
	second int64
	taken  int
	unsaid int
}

// take reports whether one more may be said, and how many were not since the last.
func (l *lines) take(at time.Time) (unsaid int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := at.Unix(); now != l.second {
		l.second, l.taken = now, 0
	}
	if l.taken++; l.taken > linesPerSecond {
		l.unsaid++
		return 0, false
	}
	unsaid, l.unsaid = l.unsaid, 0
	return unsaid, true
}

// show answers with a page, and logs what the operator needs to find it.
func (s *Service) show(w http.ResponseWriter, page words, why error) {
	info := page.fault.Info()
	view := struct {
		protocol.FaultInfo
		SV, EN, Next, NextSV, NextEN, ID, At string
	}{
		FaultInfo: info, SV: page.sv, EN: page.en, Next: "/sign-in", NextSV: "Logga in", NextEN: "Sign in",
		ID: record.ShortID(record.NewID()), At: s.cfg.now().UTC().Format(time.DateTime + " UTC"),
	}
	switch {
	case page.fault == protocol.FaultHandOver:
		view.Next, view.NextSV, view.NextEN = "/", "Fortsätt till Tvilling", "Go on to Tvilling"
	case page == pageUnrecorded: // the fault's own title is about readings
		view.Swedish.Title, view.English.Title = "Inloggningen är inte registrerad", "The sign-in is not recorded"
	case page == pageUnsaid:
		view.Swedish.Title, view.English.Title = "Utloggningen är inte registrerad", "The sign-out is not recorded"
		view.Next, view.NextSV, view.NextEN = pathSignOut, "Se om den är registrerad nu", "See whether it is recorded now"
	}
	if unsaid, ok := s.lines.take(s.cfg.now()); ok {
		s.cfg.Logger.Info("a way in ended", "fault", uint16(page.fault), "id", view.ID, "error", why, "unsaid", unsaid)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(page.status)
	_ = pageText.Execute(w, view) // the browser went away: nothing to mend
}

// leaving is the page on the way to the provider's own end. It is a page and no redirect:
// what a form leads to may not leave this site.
var leaving = template.Must(template.New("leaving").Parse(`<!doctype html>
<html lang="sv">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/sign-in/style.css">
<title>Utloggad – Tvilling</title>
<main>
<h1>Du är utloggad ur Tvilling</h1>
<p><a href="{{.}}">Logga ut även ur inloggningstjänsten</a></p>
<p lang="en">You are signed out of Tvilling. <a href="{{.}}">Sign out of the sign-in service, too</a></p>
</main>
</html>
`))
