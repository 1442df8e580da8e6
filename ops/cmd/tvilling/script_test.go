package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tvilling/ops/internal/demo/patients"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tvilling": func() {
			os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// The command line, as it is typed: what it prints, and its exit codes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../../testdata/scripts",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TVILLING_OPERATOR", "")
			asOf := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
			for _, a := range patients.AnswersFor(patients.Mohamed, asOf) {
				name := filepath.Join(env.WorkDir, a.Contract.String()+".xml")
				if err := os.WriteFile(name, a.Message, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits},
	})
}

// exits runs tvilling and compares its exit code: exits CODE ARGS…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGS…")
	}
	want := args[0]
	err := ts.Exec("tvilling", args[1:]...)
	got := "0"
	if err != nil {
		var code interface{ ExitCode() int }
		if c, ok := err.(interface{ ExitCode() int }); ok {
			code = c
		} else {
			ts.Fatalf("tvilling did not run: %v", err)
		}
		got = string(rune('0' + code.ExitCode()))
	}
	if got != want {
		ts.Fatalf("exit code %s, want %s", got, want)
	}
}
