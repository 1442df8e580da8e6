package gateway

import (
	"time"

	"tvilling/node/internal/health"
	"tvilling/protocol"
)

// Limits of the listeners. What happens at each is said beside it.
const (
	headerWithin   = 5 * time.Second        // a request's header: the connection is closed
	requestWithin  = 15 * time.Second       // a browser's request: the connection is closed
	responseWithin = 30 * time.Second       // a response to a browser: the connection is closed
	answerWithin   = 60 * time.Second       // a source's body: TV-3012
	durableWithin  = 30 * time.Second       // to make an answer durable: TV-3010
	idleWithin     = 90 * time.Second       // a connection without requests: closed
	closeWithin    = 5 * time.Second        // what Close waits for: what is under way then is cut off
	partingFor     = 500 * time.Millisecond // for which responses ask clients to close, before Close does it: what is used at all is used meanwhile
	speaksWithin   = 2 * time.Second        // for a connection that was accepted at the end to say something: closed
	maxHeaderBytes = 16 << 10               // of a request: 431
	maxAnswerBytes = 32 << 20               // a source's body: TV-3007
	roomWithin     = 5 * time.Second        // for an answer to wait for the ones before it: TV-3011
	answersRoom    = 256 << 20              // answers of sources read and made durable at once, in bytes: one more waits
	minAnswerRoom  = 1 << 20                // what the smallest answer counts for
	maxBrowsers    = 8192                   // connections of browsers, but for streams: whoever has waited longest without a request is closed, or who comes where nobody waits
	maxSources     = 2048                   // the same of sources
	crowdedEvery   = time.Minute            // between two log lines about that: more are counted, and told of with the next
	linesPerSecond = 20                     // log lines about streams that were refused: the same
	testsPerSecond = 40                     // questions of test pages, all together: 429
	reachWithin    = 3 * time.Second        // for the provider to answer a test page: it is not reached
	reachFor       = 5 * time.Second        // what that answer is good for
	retryAfter     = health.RetryAfter      // seconds, told with every 503

	subprotocol = "tvilling.v1"
	pathStream  = "/stream"
)

// A session reads frames one at a time: no frame may be larger than it may be.
const maxMessageBytes = protocol.MaxClientFrame

// There is room for several of the largest answers.
const _ = uint(answersRoom - 4*maxAnswerBytes)
