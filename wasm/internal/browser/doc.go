// Package browser carries out what the client decides, in a browser: it turns what
// happens on the page and on the websockets into events, and effects into calls. It
// builds for GOOS=js GOARCH=wasm alone.
//
// It owns the websockets, the clocks and the order of things: one event at a time,
// its effects in their order, and at most one call that touches the page for each
// frame. What takes data away (client.Paint) is painted at once, in the same turn.
//
// It must never decide anything, keep anything that the client's state does not, or
// write to the console.
//
// # Hooks for tests from outside
//
// The root element carries, never with patient data:
//
//	data-state       connecting | who | commission | patient | choice | overview | blank | follow |
//	                 help | coverage | signin | feedback | statement | ended
//	data-connection  connecting | connected | reconnecting | silent | moving | stopped
//	data-node        name of the node that feeds the page
//	data-index       position of the view
//	data-count       documents in the view, before the user's own filter
//	data-reading     true while a document is open
//	data-guide       true while the help beside the view is open
//	data-printing    document | list while the paper is drawn, else empty
//	data-veiled      while the page is hidden
//
// state ended is the page's script speaking: the program has stopped.
//
// Elements carry data-test; a control is pressed or filled in as a user would:
//
//	signin          gate (data-gate: sign-in | certificate | ended | left), sign-in, reload, test-page
//	who             person (data-value: the person's key)
//	commission      commission (data-value: place in the list; data-follow), commission-unusable
//	patient         patient-form, patient-id, patient-good, patient-bad, open-patient
//	consent         consent-panel, giver-patient, giver, giver-guardian, giver-mature, guardian, wrong,
//	                consent-unit, consent-personal, consent-days, consent, consent-skip
//	choice          patient-line, deceased, types, type (value: the contract's number), covered
//	                (data-contract), check-all, check-none, nothing-chosen, show, consent-ask, back
//	questions       ladder, ask (ids ask-others, ask-providers, ask-blocked), told-others and
//	                told-blocked (data-yes: true | false), told-providers, providers-have,
//	                providers-blocked, providers-none
//	emergency       emergency-ask, emergency-warning (data-step: 1 | 2), reason, sure, wrong,
//	                emergency, emergency-skip; basis has data-step, minutes-left
//	overview        empties, patient, basis (data-basis: none | consent | emergency), end-ask, end-confirm,
//	                end-cancel, choice, leave, to-list, alerts, count (data-n), by-time, by-type, by-provider, by-severity, search,
//	                filters, filter, provider, unit, since, up-to, chips, chip (data-value: type | provider | unit | time |
//	                words), clear-filter, show-held, stale, paged, page-back, page-next, page,
//	                rows, row (data-value: key, data-contract), row-abnormal, row-status, empty; person-line,
//	                alerts-none, alerts-not-chosen, choose-alerts
//	strip           tab (data-value: 0 timeline, 1 calendar, 2 sources, 3 questions), fold, time-chart,
//	                lane (data-value: the contract's number), lanes (data-value: 0 by type, 1 by care provider), earlier, later, zoom-in,
//	                zoom-out, all-time, list-window, as-table, chart-table, undated; days, day
//	                (data-value: YYYYMMDD, data-n), month, year, inexact; sources-table, source
//	                (data-state), sources-none, general
//	reading pane    reader, reader-empty, reader-title, reader-gone, reader-fault (data-fault),
//	                document, dissent, abnormal, close-reader, read-previous, read-next, nullified, historic,
//	                severity, dosage, laboratory, checkups, vaccine, rest (folded)
//	attachments     attachment, attachment-text, attachment-show (data-value: its place), picture, take-save
//	trends          trend (data-value: number|system|code|name), trend-panel, trend-empty, trend-fault,
//	                chart, trend-table, trend-read (data-value: key), trend-close
//	everywhere      environment, who, switch-person, switch-commission, language, connection, node,
//	                site, index, fault (data-fault: TV-1001 …), calm (data-fault), mender, trace, copy,
//	                help (data-value: the fault's number, or none), dismiss, coverage, feeds-unknown,
//	                sign-out, ends, from, ongoing, planned, news-dismiss, guide-open (data-value: the view),
//	                guide (data-view), keys, guide-close, feedback, statement, paper,
//	                print (data-value: list, or none for the open document),
//	                feeds-late (within: data-feed)
//	dialog          dialog (data-dialog: leave | commission | person | idle), leave-confirm, leave-cancel,
//	                stay, sign-out, idle-left
//	asides          feedback-form, grade (value: 1 to 5), feedback-text, feedback-left, wrong,
//	                feedback-send, thanked, statement, help-entry (data-fault), coverage-table, coverage-none, aside-close
//	follow-up       reports, report (data-value: the kind), report-form, from, to, subject, employee,
//	                wrong, report-ask, report-shown, report-empty, log, log-row (data-entry),
//	                outcome, own-access, counts (data-series), number, report-next, report-first,
//	                review-ask (data-value: the entry), review-form, outcome-choice, comment, review,
//	                review-cancel
//	blank           blank (data-fault), waiting, restart, reload; ended (data-fault)
package browser
