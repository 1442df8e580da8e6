// Package lint holds the project's rules as tests: who may import whom, what the
// browser's program may be linked with, how long things may be, what a clock may be
// used for, and that the documents say what the code does.
//
// It owns the rules' numbers and their exceptions, each with its reason. It must
// never be imported, and it must never mend anything: it says what is wrong and where.
//
// Run it with -count=1 (make lint does): what it reads, it reads by go list, which
// the test cache does not see.
package lint
