package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/protocol/admin"
)

// serving are serve's flags.
type serving struct {
	config, node, data, material string
	listen, feeds, register      string
	sync, quiet                  bool
	snapshotEvery                uint64
}

func (c *cli) serve() *cobra.Command {
	var f serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run one node, until SIGTERM",
		Long: `Run one node, until SIGTERM.

A member of a cluster:       tvilling serve --config DIR/cluster.toml --node ID --data DIR
Alone, for development:      tvilling serve --data DIR [--listen 127.0.0.1:8470] [--feeds FILE]

Alone, it makes what it needs in the data directory at its first start, and says
where sources and operators find it. It stands in for the services that it is fed from
itself, from the feeds file (see tvilling standin --help), unless other services are
named in DIR/made/alone/cluster.toml. In a cluster, certificates and keyring are in
the cluster file's directory, as init wrote them, unless --tls names another. Logs go
to standard error as JSON.

SIGTERM drains: leadership goes to another node, browsers move, what is under way ends.
Listeners that a supervisor hands over, as systemd does, are used by their names: client,
source, admin, peer, health. It is told when the node serves, and that it lives.

A node whose log a recovery has superseded starts again by itself, sets that log aside and
joins, three times at most.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.nodeConfig(f)
			if err != nil {
				return err
			}
			bound, err := inherited(activation.Files(true))
			if err != nil {
				return err
			}
			return c.besideServices(cmd.Context(), f, config, func(ctx context.Context, config node.Config) error {
				return again(ctx, config.Logger, bound, func(listeners map[string]net.Listener) (err, closed error) {
					config.Listeners = listeners
					return runNode(ctx, config)
				})
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "cluster `file`")
	flags.StringVar(&f.node, "node", "", "which member of the cluster this is")
	flags.StringVar(&f.data, "data", "", "data `directory`, this process's alone")
	flags.StringVar(&f.material, "tls", "", "`directory` with tls/ and the keyring (default: the cluster file's)")
	flags.StringVar(&f.listen, "listen", "", "alone: `address` for browsers, on loopback (default 127.0.0.1:8470)")
	flags.StringVar(&f.feeds, "feeds", "", "alone: `file` of the services that it is fed from, as tvilling standin has it (default: one with the demo's staff)")
	flags.StringVar(&f.register, "register", "", "alone: `file` of who one can be, whom the directory is asked about, and what is known of patients (default: made of the feeds)")
	flags.BoolVar(&f.sync, "sync", false, "sync the state with every batch: slower, no rebuild after a power cut")
	flags.Uint64Var(&f.snapshotEvery, "snapshot-every", 0, "take a snapshot after so many `entries` of the log, and keep no more behind it: for trials of what a follower that lacks them is sent")
	_ = flags.MarkHidden("snapshot-every") // it is there
	flags.BoolVar(&f.quiet, "quiet", false, "log warnings and errors only")
	return cmd
}

// nodeConfig makes a node's configuration of the flags.
func (c *cli) nodeConfig(f serving) (node.Config, error) {
	if f.data == "" {
		return node.Config{}, usage("where may the node keep its data? Name a directory with --data")
	}
	level := slog.LevelInfo
	if f.quiet {
		level = slog.LevelWarn
	}
	logger := slog.New(slog.NewJSONHandler(c.errs, &slog.HandlerOptions{Level: level}))
	if f.config == "" {
		if f.node != "" || f.material != "" {
			return node.Config{}, usage("--node and --tls need --config: without a cluster file a node runs alone")
		}
		config, err := c.aloneConfig(f)
		config.Version, config.Logger, config.Sync = version, logger, f.sync
		return config, err
	}
	if f.node == "" {
		return node.Config{}, usage("which member of the cluster is this? Name it with --node")
	}
	topology, err := admin.LoadTopology(f.config)
	if err != nil {
		return node.Config{}, err
	}
	if skewed && topology.Environment == admin.Production {
		return node.Config{}, usage("the clock of this build can be moved: it is for drills, and runs no node in production")
	}
	if f.material == "" {
		f.material = filepath.Dir(f.config)
	}
	config := node.Config{
		Topology: topology, Self: f.node, DataDir: f.data, Material: f.material,
		Version: version, Sync: f.sync, Logger: logger.With("node", f.node),
	}
	if f.snapshotEvery > 0 {
		config.Tuning.SnapshotThreshold, config.Tuning.TrailingLogs = f.snapshotEvery, f.snapshotEvery
		config.Tuning.SnapshotInterval = time.Second
	}
	return config, nil
}

// maxAgain bounds how often a node starts again in one process: more is for whoever
// started the process to decide.
const maxAgain = 3

// again runs a node on what a supervisor bound, and once more when it has found that its
// log was superseded: at its next start it sets that aside and joins. A node that
// could not be closed is not followed by another.
func again(ctx context.Context, log *slog.Logger, bound sockets, run func(map[string]net.Listener) (err, closed error)) error {
	for times := 0; ; times++ {
		listeners, err := bound.listen()
		if err != nil {
			return err
		}
		err, closed := run(listeners)
		if !errors.Is(err, node.ErrSuperseded) || closed != nil || ctx.Err() != nil || times == maxAgain {
			return errors.Join(err, closed)
		}
		log.Warn("the node starts again", "reason", err)
	}
}

// runNode runs a node until the context ends, it is drained, or it fails, and tells a
// supervisor how it goes. closed is what went wrong when it was closed.
func runNode(ctx context.Context, config node.Config) (err, closed error) {
	n, err := node.Open(config)
	if err != nil {
		return err, nil
	}
	ended := make(chan struct{})
	var told sync.WaitGroup
	told.Go(func() { newSupervisor(config.Logger).follow(ctx, n, ended) })
	err = n.Run(ctx)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil // it was asked to end
	}
	closed = n.Close()
	close(ended)
	told.Wait()
	return err, closed
}
