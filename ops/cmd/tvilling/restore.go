package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/backup"
	"tvilling/protocol/admin"
)

// errAlive is a cluster that nothing is restored over.
var errAlive = errors.New("a majority of the cluster answers")

// maxTyped bounds what is typed in answer to a question.
const maxTyped = 256

// restoring are restore's flags.
type restoring struct {
	identity, config, node, data, material, yes string
	generation                                  uint32
	bucket                                      backup.S3
}

// restoredBackup is what restore says.
type restoredBackup struct {
	node.Restored
	Lost []string `json:"lost"`
	Next []string `json:"next"`
}

func (c *cli) restore() *cobra.Command {
	var f restoring
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the data directory of a lost cluster's first node from a backup",
		Long: `Makes the data directory of a data node from a backup, when a majority of the
cluster's data is lost for good. Everything that was acknowledged after the backup was
taken is lost by it. If any data directory of a data node is left, tvilling recover
loses less: see it first.

The directory must be empty or absent, and this is run as the user that the node runs as
(sudo -u tvilling …). The node starts a new generation of the cluster,
alone; the others are started with empty data directories, and join it. It refuses
while a majority of the cluster answers, and asks for the cluster's name.
` + bucketHelp,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := c.restoreBackup(cmd.Context(), f, args[0])
			if err != nil {
				return backupFault(err)
			}
			return c.print(done, func(w io.Writer) { printRestored(w, done) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.identity, "identity", "", "`file` with what opens the backup")
	flags.StringVar(&f.config, "config", "", "cluster `file`, in the node's directory as init wrote it")
	flags.StringVar(&f.node, "node", "", "which member this is: a data node")
	flags.StringVar(&f.data, "data", "", "data `directory` to make, empty or absent")
	flags.StringVar(&f.material, "tls", "", "`directory` with tls/ (default: the cluster file's)")
	flags.StringVar(&f.yes, "yes-restore", "", "the cluster's `name`, instead of typing it")
	flags.Uint32Var(&f.generation, "generation", 0, "`number` of the new generation, when the cluster has had others since the backup (default: the backup's and one)")
	bucketFlags(cmd, &f.bucket)
	c.formatFlag(cmd)
	return cmd
}

func (c *cli) restoreBackup(ctx context.Context, f restoring, file string) (done restoredBackup, err error) {
	for flag, value := range map[string]string{"config": f.config, "node": f.node, "data": f.data, "identity": f.identity} {
		if value == "" {
			return done, usage("--%s is needed: see tvilling restore --help", flag)
		}
	}
	if err := errors.Join(ownUser(f.data, os.Geteuid()), node.Restorable(f.data)); err != nil {
		return done, err
	}
	topology, err := admin.LoadTopology(f.config)
	if err != nil {
		return done, err
	}
	if f.material == "" {
		f.material = filepath.Dir(f.config)
	}
	place, name, err := backup.Parse(file, f.bucket)
	if err != nil || name == "" {
		return done, usage("%q is no file and no s3://bucket/key", file)
	}
	sealed, m, clear, err := c.unseal(ctx, place, name, f.identity)
	if err != nil {
		return done, err
	}
	defer sealed.Close()
	if err := c.nobodyAnswers(ctx, topology, f.material); err != nil {
		return done, err
	}
	fmt.Fprintf(c.errs, "The backup is of cluster %s, generation %d, taken %s at %s (index %d).\nWhat was acknowledged after that is lost.\n",
		m.Cluster, m.Generation, m.Taken, m.Node, m.Index)
	heard, _ := node.Answers(ctx, node.Config{Topology: topology, Self: f.node, DataDir: f.data, Material: f.material, Version: version})
	warning, err := generationIsFree(heard, m.Generation, f.generation)
	if err != nil {
		return done, err
	}
	fmt.Fprint(c.errs, warning)
	if err := c.typed(topology.Cluster, f.yes); err != nil {
		return done, err
	}
	meter := c.meter()
	done.Restored, err = node.RestoreBackup(ctx, node.Restore{
		Topology: topology, Self: f.node, DataDir: f.data, Generation: f.generation, Progress: meter.told,
	}, clear)
	meter.end()
	if err != nil {
		return done, err
	}
	done.Lost, done.Next = whatIsLost(m), whatIsNext(topology, f, done.Generation)
	return done, nil
}

// nobodyAnswers refuses while a majority answers, and names those that do.
func (c *cli) nobodyAnswers(ctx context.Context, t admin.Topology, material string) error {
	file := filepath.Join(material, filepath.FromSlash(admin.FileAuthority))
	text, err := os.ReadFile(file)
	authority := x509.NewCertPool()
	if err != nil || !authority.AppendCertsFromPEM(text) {
		return usage("%s is needed, to see whether the cluster answers: name its directory with --tls", file)
	}
	alive := adminclient.Answering(ctx, t, authority)
	switch need := len(t.Members)/2 + 1; {
	case len(alive) >= need:
		return fmt.Errorf("%w (%s): nothing is restored over a cluster that lives. If it must be, stop its nodes first, and keep their data directories",
			errAlive, strings.Join(alive, ", "))
	case len(alive) > 0:
		fmt.Fprintf(c.errs, "%s answers: what it has may be newer than the backup. tvilling recover goes on from it.\n", strings.Join(alive, ", "))
	}
	return nil
}

// generationIsFree refuses a number that members know already, and warns where nobody
// could be asked: two generations of one number would take each other for themselves.
func generationIsFree(heard []node.Answering, of, asked uint32) (warning string, err error) {
	next, answers, highest := max(asked, of+1), false, of
	for _, h := range heard {
		if h.Answers {
			answers, highest = true, max(highest, h.Generation)
		}
	}
	switch {
	case highest >= next:
		return "", usage("generation %d is there already: name the new one with --generation %d", highest, highest+1)
	case !answers && asked == 0:
		return fmt.Sprintf("This makes generation %d. No member could be asked whether there has been one since the backup: if the cluster was recovered or restored since then, end here, and name a higher number with --generation.\n", next), nil
	}
	return "", nil
}

// typed asks for the cluster's name, unless it was given.
func (c *cli) typed(name, given string) error {
	if given == "" {
		fmt.Fprint(c.errs, "Type the cluster's name to go on: ")
		line, err := bufio.NewReader(io.LimitReader(c.in, maxTyped)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		given = strings.TrimSpace(line)
	}
	if given != name {
		return usage("that is not the cluster's name: nothing was done")
	}
	return nil
}

func whatIsLost(m admin.BackupManifest) []string {
	return []string{
		fmt.Sprintf("everything that was acknowledged after index %d, from %s on: source systems send it again, feeds are read again by themselves", m.Index, m.Taken),
		fmt.Sprintf("entries %d and up of the access log: accesses after %s are not in it. What the national log or an exported log has of them is all there is; report the loss", m.LogSize+1, m.Taken),
		"consents and emergencies that were registered after that, and blocks until they are read again",
	}
}

func whatIsNext(t admin.Topology, f restoring, generation uint32) []string {
	var others []string
	for _, m := range t.Members {
		if m.ID != f.node {
			others = append(others, m.ID)
		}
	}
	next := []string{fmt.Sprintf("start %s: tvilling serve --config %s --node %s --data %s", f.node, f.config, f.node, f.data)}
	if len(others) > 0 {
		next = append(next,
			fmt.Sprintf("then start %s with empty data directories (move the old ones away, delete nothing): they join generation %d. One that ends and says so is started again, as its unit does", strings.Join(others, ", "), generation),
			"until two of them have joined, a loss of this node is a loss of all that came since")
	}
	return append(next, "tvilling status shows who is in, with --format json the generation of each; take a new backup and verify it")
}

func printRestored(w io.Writer, r restoredBackup) {
	fmt.Fprintf(w, "%s: restored, generation %d, index %d\n", r.DataDir, r.Generation, r.Manifest.Index)
	fmt.Fprintln(w, "Lost:")
	for _, line := range r.Lost {
		fmt.Fprintf(w, "  - %s\n", line)
	}
	fmt.Fprintln(w, "Next:")
	for i, line := range r.Next {
		fmt.Fprintf(w, "  %d. %s\n", i+1, line)
	}
}
