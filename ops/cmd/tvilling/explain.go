package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// explainedFault is a numbered fault as JSON has it.
type explainedFault struct {
	Code    string          `json:"code"`
	Mender  string          `json:"mender"` // you, manager, patient, support, operations, source
	Swedish *explainedWords `json:"sv,omitempty"`
	English *explainedWords `json:"en,omitempty"`
}

// explainedWords is a fault in one language.
type explainedWords struct {
	Title  string `json:"title"`
	Who    string `json:"who"`
	Action string `json:"action"`
}

func (c *cli) explain() *cobra.Command {
	lang := ""
	cmd := &cobra.Command{
		Use:   "explain [CODE | ID]",
		Short: "Say what a TV code means and who can mend it, or why an access was given or refused",
		Long: `Say what a TV code means and who can mend it, or why an access was given or refused.

  tvilling explain                 every code
  tvilling explain TV-1004         what it means, who can mend it, what to do
  tvilling explain 1004 --lang sv  in Swedish alone
  tvilling explain 4711-K3J6WQ2ABCDEF --operator DIRECTORY
                                   why: the entry of the access log with this id

A code needs no cluster. An id is what a browser shows beside a fault, what a report has
in its rows, or the national log's. It is asked of the cluster; the question is recorded,
and the answer says neither whom it was about nor what was read.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if lang != "" && lang != "sv" && lang != "en" {
				return usage("--lang is sv or en, not %q", lang)
			}
			if len(args) == 0 {
				return c.explainAll(lang)
			}
			if isCode(args[0]) {
				return c.explainCode(args[0], lang)
			}
			return c.explainEntry(cmd, args[0])
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "`language` of a code's words: sv or en; otherwise both")
	c.operatorFlags(cmd)
	return cmd
}

// catalogue is every numbered fault: of the gate and the system, of sources, of operators.
func catalogue() []protocol.FaultInfo {
	var all []protocol.FaultInfo
	for _, f := range protocol.Faults() {
		all = append(all, f.Info())
	}
	return append(all, admin.Problems()...)
}

// isCode tells a code, TV-1004 in any letters or 1004, from an entry's id.
func isCode(s string) bool {
	digits := strings.TrimPrefix(strings.ToUpper(s), "TV-")
	_, err := strconv.ParseUint(digits, 10, 32)
	return err == nil || digits != strings.ToUpper(s)
}

func (c *cli) explainCode(code, lang string) error {
	want := "TV-" + strings.TrimPrefix(strings.ToUpper(code), "TV-")
	for _, info := range catalogue() {
		if info.Code == want {
			return c.print(explained(info, lang), func(w io.Writer) { printFault(w, info, lang) })
		}
	}
	return usage("no fault is numbered %s; tvilling explain lists those that are", want)
}

func (c *cli) explainAll(lang string) error {
	infos := catalogue()
	all := make([]explainedFault, len(infos))
	for i, info := range infos {
		all[i] = explained(info, lang)
	}
	return c.print(all, func(w io.Writer) {
		fmt.Fprintln(w, "CODE\tWHAT IT MEANS\tWHO CAN MEND IT")
		for _, info := range infos {
			words := info.In(languageOf(lang))
			fmt.Fprintf(w, "%s\t%s\t%s\n", info.Code, words.Title, words.Who)
		}
		fmt.Fprintln(w, "\ntvilling explain CODE says what to do.")
	})
}

// languageOf is the language of a list, where there is room for one: English unless
// Swedish is asked for.
func languageOf(lang string) protocol.Language {
	if lang == protocol.Swedish.Tag() {
		return protocol.Swedish
	}
	return protocol.English
}

func explained(info protocol.FaultInfo, lang string) explainedFault {
	e := explainedFault{Code: info.Code, Mender: menderName(info.Mender)}
	words := func(l protocol.Language) *explainedWords {
		if lang != "" && lang != l.Tag() {
			return nil
		}
		w := explainedWords(info.In(l))
		return &w
	}
	e.Swedish, e.English = words(protocol.Swedish), words(protocol.English)
	return e
}

func menderName(m protocol.Mender) string {
	switch m {
	case protocol.MenderYou:
		return "you"
	case protocol.MenderManager:
		return "manager"
	case protocol.MenderPatient:
		return "patient"
	case protocol.MenderSupport:
		return "support"
	case protocol.MenderOperations:
		return "operations"
	case protocol.MenderSource:
		return "source"
	default:
		return "nobody"
	}
}

func printFault(w io.Writer, info protocol.FaultInfo, lang string) {
	labels := map[protocol.Language][2]string{protocol.English: {"Who can mend it", "What to do"}, protocol.Swedish: {"Vem kan åtgärda", "Vad göra"}}
	first := true
	for _, l := range []protocol.Language{protocol.English, protocol.Swedish} {
		if lang != "" && lang != l.Tag() {
			continue
		}
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		words, label := info.In(l), labels[l]
		fmt.Fprintf(w, "%s %s\n  %s: %s\n  %s: %s\n", info.Code, words.Title, label[0], words.Who, label[1], words.Action)
	}
}
