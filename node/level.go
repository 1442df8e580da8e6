package node

import "tvilling/raftfsm/command"

// Level is the feature level that this build knows.
const Level = command.Level
