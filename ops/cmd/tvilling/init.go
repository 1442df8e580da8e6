package main

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/ops/internal/pki"
	"tvilling/protocol/admin"
)

// example is a cluster file to begin from.
const example = `# The cluster file: the same on every node and with every operator.
cluster     = "norr"         # in every certificate: choose once
environment = "production"   # production, demo or development
register    = ""             # file, on every data node, of what no service tells: [[employee]] id, whom the
                             # directory is asked about, and [[patient]] patient, protected, deceased, linked,
                             # of the population register; it holds patient ids: mode 0600

# The services that say who may see whom; one that is left out is unknown, and what is
# unknown opens nothing. Their authority and our certificate are tls/upstream-ca.pem,
# tls/upstream.pem and tls/upstream.key on every data node.
#
#   [upstream]
#   system = "SE0000000101-NPM1"       # our HSA-id, as the access log names us
#   [upstream.blocks]                  # GetBlocks 4
#   url = "https://services.example/vp/GetBlocks"
#   [upstream.consents]                # GetConsentsForCareProvider 2
#   url = "https://services.example/vp/GetConsentsForCareProvider"
#   care_providers = ["SE0000000101-1000"]
#   [upstream.relations]               # GetPatientRelationsForCareProvider 1, as consents
#   [upstream.directory]               # GetCredentialsForPersonIncludingProtectedPerson 2
#   [upstream.engagement]              # AssertCareEngagement 1, asked when nothing else says it
#   [upstream.log]                     # StoreLog 2
#
# address, every_seconds and full_hours may be set for each; tvilling standin stands in
# for all of them in tests.

# Two sites with two data nodes each and a witness elsewhere: any one site may go.
# peer: raft; admin: operators; client: browsers, in demo and development a port on
# loopback, since one may choose to be anyone there; source: source systems.
`

const exampleMember = `
[[member]]
id     = "%[1]s"
site   = "%[2]s"
role   = "data"
peer   = "%[1]s.example:8401"
admin  = "%[1]s.example:8402"
client = "%[1]s.example:443"
source = "%[1]s.example:8403"
origin = "https://%[1]s.example"
`

const exampleWitness = `
[[member]]
id    = "w"
site  = "W"
role  = "witness"
peer  = "w.example:8401"
admin = "w.example:8402"
`

func (c *cli) initialise() *cobra.Command {
	var config, dir string
	var show bool
	var valid validity
	cmd := &cobra.Command{
		Use:   "init --config cluster.toml --out DIR",
		Short: "Make the certificates and keys of a new cluster, a directory for each node",
		Long: `Make the certificates and keys of a new cluster, a directory for each node.

  tvilling init --example > cluster.toml     begin from this, and edit it
  tvilling init --config cluster.toml --out new

Then copy new/NODE to each node's machine, new/operator to yours, and keep
new/authority where no node is. Nothing is ever overwritten.`,
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			switch {
			case show:
				return printExample(c.out)
			case config == "" || dir == "":
				return usage("init needs --config and --out; tvilling init --example prints a cluster file to begin from")
			}
			topology, err := admin.LoadTopology(config)
			if err != nil {
				return err
			}
			if err := makeCluster(dir, topology, time.Duration(valid)); err != nil {
				return err
			}
			return c.print(made(dir, topology), func(w io.Writer) { printMade(w, dir, topology) })
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "cluster `file`")
	cmd.Flags().StringVar(&dir, "out", "", "`directory` to write to")
	cmd.Flags().Var(&valid, "valid", validityHelp)
	cmd.Flags().BoolVar(&show, "example", false, "print a cluster file to begin from")
	c.formatFlag(cmd)
	return cmd
}

// makeCluster writes certificates and, for the data nodes, the keyring.
func makeCluster(dir string, t admin.Topology, valid time.Duration) error {
	if err := pki.InitFor(dir, t, valid); err != nil {
		return err
	}
	var keepers []string
	for _, m := range t.Members {
		if m.Role == admin.RoleData {
			keepers = append(keepers, filepath.Join(dir, m.ID))
		}
	}
	return node.NewKeyring(keepers...)
}

func printExample(w io.Writer) error {
	text := example
	for _, m := range [][2]string{{"a1", "A"}, {"a2", "A"}, {"b1", "B"}, {"b2", "B"}} {
		text += fmt.Sprintf(exampleMember, m[0], m[1])
	}
	_, err := io.WriteString(w, text+exampleWitness)
	return err
}

// directory is one that init wrote.
type directory struct {
	Path string `json:"path"`
	For  string `json:"for"`
}

func made(dir string, t admin.Topology) []directory {
	all := []directory{
		{filepath.Join(dir, "authority"), "the authorities' keys: keep them where no node is"},
		{filepath.Join(dir, "operator"), "operators: --operator or " + operatorVariable},
	}
	for _, m := range t.Members {
		all = append(all, directory{filepath.Join(dir, m.ID), fmt.Sprintf("node %s, site %s, %s", m.ID, m.Site, m.Role)})
	}
	return all
}

func printMade(w io.Writer, dir string, t admin.Topology) {
	for _, d := range made(dir, t) {
		fmt.Fprintf(w, "%s\t%s\n", d.Path, d.For)
	}
	fmt.Fprintf(w, "\nOn each node's machine:\n  tvilling serve --config NODE/cluster.toml --node NODE --data /var/lib/tvilling\n")
}
