package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

func (c *cli) members() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "members",
		Short: "List the members and their addresses, from the cluster file",
		Args:  none,
		RunE: func(*cobra.Command, []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			t := client.Topology()
			return c.print(addressesOf(t), func(w io.Writer) {
				fmt.Fprintln(w, "MEMBER\tSITE\tROLE\tPEER\tADMIN\tBROWSERS\tSOURCES")
				for _, m := range t.Members {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Site, m.Role, m.Peer, m.Admin, dash(m.Origin), dash(m.Source))
				}
			})
		},
	}
	c.operatorFlags(cmd)
	cmd.AddCommand(c.activate())
	return cmd
}

// member is a member of the cluster file.
type member struct {
	ID     string `json:"id"`
	Site   string `json:"site"`
	Role   string `json:"role"`
	Peer   string `json:"peer"`
	Admin  string `json:"admin"`
	Client string `json:"client,omitempty"`
	Source string `json:"source,omitempty"`
	Health string `json:"health,omitempty"`
	Origin string `json:"origin,omitempty"`
	LogKey string `json:"log_key,omitempty"`
}

func addressesOf(t admin.Topology) []member {
	all := make([]member, len(t.Members))
	for i, m := range t.Members {
		all[i] = member(m)
	}
	return all
}

func (c *cli) activate() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "activate",
		Short: "Raise the cluster's level to what every member reports; the release before cannot follow",
		Long: `Raise the cluster's level to what every member reports; the release before cannot follow.

A release does not activate what it brings. Until this is done the release before can
take over again, node by node, and every member reads what every other writes. From
then on it cannot: a build that does not know the level stops, says which build is
needed, and leaves its data as they are. Look at tvilling status first: every member
must run the new release, or this is refused and says which does not.

In production it asks for the cluster's name, unless --yes says that you are sure. Where
the level is active already nothing is changed, and nothing is asked.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return answer(c, func(client *adminclient.Client) (admin.Done, error) {
				if err := c.sureToActivate(cmd.Context(), client, yes); err != nil {
					return admin.Done{}, err
				}
				return client.Activate(cmd.Context(), c.node)
			}, func(w io.Writer, done admin.Done) {
				if done.Unchanged {
					fmt.Fprintln(w, "Nothing changed: the highest level that every member knows is active already.")
					return
				}
				fmt.Fprintf(w, "done at index %d; tvilling status shows the level\n", done.Index)
			})
		},
	}
	c.operatorFlags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "in production: do not ask, the way back may end")
	return cmd
}

// sureToActivate asks, in production, whether the way back may end, where one would.
func (c *cli) sureToActivate(ctx context.Context, client *adminclient.Client, yes bool) error {
	t := client.Topology()
	if yes || t.Environment != admin.Production {
		return nil
	}
	status, err := client.Status(ctx, c.node)
	if err != nil {
		return err
	}
	ends := activates(status)
	if ends == "" {
		return nil
	}
	fmt.Fprintf(c.errs, "%s is in production. %s\n", t.Cluster, ends)
	return c.typed(t.Cluster, "")
}

// activates says what an activation ends; nothing where there is none to be had: that is
// for the cluster to say.
func activates(s admin.Status) string {
	lowest := uint16(0)
	for i, m := range s.Members {
		if i == 0 || m.Level < lowest {
			lowest = m.Level
		}
	}
	if lowest <= s.Level {
		return ""
	}
	return fmt.Sprintf("Level %d is active, and every member knows level %d. With it active, builds that know level %d alone cannot follow any more: "+
		"tvilling release abort is not allowed, and a backup that is taken then is restored by builds of level %[2]d only. This cannot be taken back.", s.Level, lowest, s.Level)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
