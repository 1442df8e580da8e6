package client

import "tvilling/protocol"

// Desk is what holds for the one who sits here, whoever the patient is.
type Desk struct {
	Session protocol.Session // the session's terms; zero: the node has told none
}
