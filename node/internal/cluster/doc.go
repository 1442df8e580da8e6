// Package cluster makes nodes into one cluster: it brings commands into the replicated
// log from any node, keeps leadership where it belongs, and ends a node that stands
// still rather than let it be believed in.
//
// It owns raft, raft's files, the peer port and everything that is decided by who
// leads. It must never look into a command's content, decide about patient data, or
// answer a write for which it does not know whether it was made.
//
// # What it guards against
//
//   - A leader whose disk hangs goes on sending heartbeats and is never replaced: every
//     write to the log is timed, and one that fails or hangs ends the node, which falls
//     silent first (watchedStore).
//   - A leader that refuses or delays everything looks healthy: it has to commit a
//     canary each second (canary).
//   - A follower that replication has stopped for is noticed by nobody: the leader asks
//     each follower how far it is and gives leadership up for one that stands still
//     (watchFollowers).
//   - A transfer of leadership that times out twice leaves a leader that refuses
//     everything for ever: the target has to be caught up, and is tried once (Transfer).
//   - A witness may be the only one left with an entry that was acknowledged: it votes,
//     can win, commits what it has and hands over at once (handOver).
//   - A vote of confidence from raft is not proof: HeardFromLeader rests on messages
//     that were received and on commits that were asked for and made.
//   - A follower hears from its leader though nothing reaches its state machine any more:
//     HeardFromLeader also rests on what was applied (watchPulse).
//   - Histories that are not the same one meet: members greet each other by generation
//     (acquaintance), and a later one takes over only beyond doubt.
//   - A member that has lost its disk has forgotten how it voted: it neither founds nor
//     votes before the leader has taken it in anew, by what is committed after a mark of
//     its own: its log, on the way back to it, tells of its former life (enter, guard,
//     takeIn, roll).
//   - An election may choose a node that has been drained: it hands over again (Shun).
//   - A clock that is wrong is believed by nobody but its own node: members compare
//     theirs, and one that most of the others contradict is not to be decided by, nor to
//     lead by (watchClocks).
//   - A snapshot that was delayed, and not lost, takes away what was acknowledged after
//     the one that was sent in its place: it is not begun (lateReader).
//
// # Goroutines
//
// Of a Cluster, until Close: watchLeadership, watchPulse, watchClocks, serve, the guard's run, the
// batcher's run; enter, until this node takes its whole part. While it leads:
// canary and watchFollowers, or on a witness handOver, and the canary under way. For
// each entry under way, one that waits for it, at most two. For each connection from a
// peer: serveLink, its link's write, one for each call being answered, at most 512. For
// each link to a peer: read and write. For each forwarded proposal: giveUpOn, until it
// is answered. Of the port: accept, and welcome for each handshake. raft has its own.
package cluster
