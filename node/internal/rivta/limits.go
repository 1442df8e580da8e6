package rivta

import "tvilling/protocol"

// Limits of a message. A message beyond one is refused with ErrTooLarge and the place;
// nothing is cut off. They are above what the contracts allow by a wide margin, since
// the documents made of a message are held to protocol's own limits afterwards.
const (
	MaxMessageBytes   = 32 << 20 // a whole message
	maxDepth          = 64       // nesting of elements
	maxRecords        = protocol.MaxViewDocuments
	maxRecordElements = 60_000  // elements and attributes in one record
	maxTextBytes      = 1 << 20 // text of one element; a base64 text is a third longer than its data
	maxListed         = 1_000   // deviations, hasMore and processing statuses: more are counted, not listed
	maxFaultBytes     = 1 << 10 // one text of a SOAP fault: longer is cut, since it is only for people
	maxLineBytes      = 240     // a title, detail or status that is made up for lists: cut with an ellipsis
	maxColumns        = 12      // of a table: groups with more stay groups
	flatDepth         = protocol.MaxDepth - 2
)

// What must hold between the limits, checked by the compiler: inline data of the
// largest allowed size fits an element's text as base64, and a short text fits a header.
const (
	_ = uint(maxTextBytes - protocol.MaxAttachmentBytes*4/3)
	_ = uint(maxTextBytes - protocol.MaxTextBytes)
	_ = uint(protocol.MaxShortTextBytes - maxLineBytes)
)
