package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

func (c *cli) source() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "source",
		Short: "Source systems: try a message, verify it, send it, say who may",
		Args:  none,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.sourcePut(), c.sourceInspect(), c.sourceVerify(), c.sourceRegister(), c.sourceList())
	return cmd
}

func (c *cli) sourceRegister() *cobra.Command {
	s := admin.Source{}
	all := false
	cmd := &cobra.Command{
		Use:   "register HSA-ID",
		Short: "Say what a source system may write, and who connects it",
		Long: `Say what a source system may write, and who connects it.

  tvilling source register SE0000000101-S001 --contract GetDiagnosis --contract GetCareContacts
  tvilling source register SE0000000303-S001 --agent SE0000000505-A001 --all
  tvilling source register SE0000000303-S001 --withdraw

An agent writes for the systems that name it, and can never read.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.ID = args[0]
			if err := checkRegistration(&s, all); err != nil {
				return err
			}
			return answer(c, func(client *adminclient.Client) (admin.Done, error) {
				return client.Register(cmd.Context(), c.node, s)
			}, func(w io.Writer, done admin.Done) { fmt.Fprintf(w, "%s: done at index %d\n", s.ID, done.Index) })
		},
	}
	cmd.Flags().StringArrayVar(&s.Contracts, "contract", nil, "`contract` that it may write, such as GetDiagnosis; repeat for more")
	cmd.Flags().BoolVar(&all, "all", false, "every contract that is kept")
	cmd.Flags().StringVar(&s.Agent, "agent", "", "`HSA-id` of the organisation that connects it")
	cmd.Flags().BoolVar(&s.Withdrawn, "withdraw", false, "take the registration back; what it has written stays")
	c.operatorFlags(cmd)
	return cmd
}

// checkRegistration completes a registration and refuses one that means nothing.
func checkRegistration(s *admin.Source, all bool) error {
	if _, err := protocol.ParseSourceID(s.ID); err != nil {
		return usage("%v", err)
	}
	switch {
	case all && len(s.Contracts) > 0:
		return usage("--all and --contract say different things")
	case all:
		for _, contract := range protocol.Contracts() {
			s.Contracts = append(s.Contracts, contract.String())
		}
	case len(s.Contracts) == 0 && !s.Withdrawn:
		return usage("what may it write? Name a --contract, or --all")
	}
	for _, name := range s.Contracts {
		if _, ok := protocol.ContractNamed(name); !ok {
			return usage("no contract is called %q; they are %s", name, contractNames())
		}
	}
	return nil
}

func contractNames() string {
	var names []string
	for _, contract := range protocol.Contracts() {
		names = append(names, contract.String())
	}
	return strings.Join(names, ", ")
}

func (c *cli) sourceList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the registered source systems",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return answer(c, func(client *adminclient.Client) (admin.Sources, error) {
				return client.Sources(cmd.Context(), c.node)
			}, func(w io.Writer, sources admin.Sources) {
				fmt.Fprintln(w, "SOURCE\tAGENT\tSTATE\tMAY WRITE")
				for _, s := range sources.Sources {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.ID, dash(s.Agent), stateOf(s), mayWrite(s))
				}
			})
		},
	}
	c.operatorFlags(cmd)
	return cmd
}

func stateOf(s admin.Source) string {
	if s.Withdrawn {
		return "withdrawn"
	}
	return "registered"
}

func mayWrite(s admin.Source) string {
	if len(s.Contracts) == len(protocol.Contracts()) {
		return "everything"
	}
	return dash(strings.Join(s.Contracts, ", "))
}
