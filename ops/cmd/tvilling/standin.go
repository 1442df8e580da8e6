package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/standin"
)

func (c *cli) standin() *cobra.Command {
	config, listen := standin.Config{}, ""
	cmd := &cobra.Command{
		Use:   "standin --file FILE",
		Short: "Stand in for the services that a cluster is fed from, for tests, until SIGTERM",
		Long: `Stand in for the services that a cluster is fed from, for tests, until SIGTERM.

It answers GetBlocks 4 at /blocks, GetConsentsForCareProvider 2 at /consents,
GetPatientRelationsForCareProvider 1 at /relations,
GetCredentialsForPersonIncludingProtectedPerson 2 at /directory, AssertCareEngagement 1
at /engagement and StoreLog 2 at /log. Name them in the cluster file:

  [upstream]
  system = "SE0000000101-NPM1"
  [upstream.blocks]
  url = "http://127.0.0.1:8580/blocks"
  every_seconds = 1

What it answers stands in FILE:

  [[person]]      key, name, title, employee, protected
  [[commission]]  employee, id, name, purpose, rights = ["Läsa;alla;SJF"],
                  care_unit, care_unit_name, care_provider, care_provider_name, start, end
  [[relation]]    patient, care_provider, care_unit, employee, start, end, id
  [[consent]]     patient, id, kind, care_provider, care_unit, employee, start, end
  [[block]]       patient, id, kind = "inner" or "outer", care_provider, care_unit, start, end,
                  exempt = ["lak", "upp"]
  [[block.lift]]  care_unit, employee, end, id
  [[engagement]]  unit, patient, employee

Rename another file over it: what is new is stored at the time that it is seen, what is
gone is cancelled then, and what changed is both. A lift that is gone shows in no delta,
as with the national service. A file that cannot be read changes nothing.

It can be told what to do, and what it was told is forgotten when it ends:

  curl -d '{"stall":true}'    http://127.0.0.1:8580/control/blocks   answer nothing; false goes on
  curl -d '{"fail":"fault"}'  …/control/consents    fault, error, garbage or close; "" ends it
  curl -d '{"lie":"empty"}'   …/control/relations   more-forever, backwards, wrong-provider, empty,
                                                    duplicate or wrong-namespace; "" ends it
  curl -d '{"resync":true}'   …/control/blocks      demand that everything is read again
  curl -X POST '…/control/blocks/cancel?id=ID'      also lifts, consents, relations, commissions
  curl …/control      how each service is, and whether the file could be read
  curl …/control/log  the posts that it was given

It listens on loopback only: whoever reaches it decides who may see what.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config.File == "" {
				return usage("what shall it answer? Name a file with --file")
			}
			config.Warn = c.warn
			server, err := standin.New(config)
			if err != nil {
				return err
			}
			l, err := standin.Listen(listen)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.errs, "Standing in at http://%s; what to tell it: http://%[1]s/control\n", l.Addr())
			return server.Serve(cmd.Context(), l)
		},
	}
	cmd.Flags().StringVar(&config.File, "file", "", "`file` with what is answered")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8580", "`address` on loopback")
	cmd.Flags().IntVar(&config.Page, "page", standin.DefaultPage, "how many `rows` a page of consents or relations has")
	return cmd
}

// warn tells of something that does not end a command.
func (c *cli) warn(err error) { fmt.Fprintf(c.errs, "tvilling: %v\n", err) }
