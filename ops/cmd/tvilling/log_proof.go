package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/logproof"
	"tvilling/protocol/admin"
)

// logPage is how many entries are asked for at a time: what a node gives at most.
const logPage = 500

// maxNoteBytes bounds a checkpoint that somebody has kept in a file.
const maxNoteBytes = 64 << 10

func (c *cli) logCheckpoint() *cobra.Command {
	var size uint64
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the newest signed checkpoint of the access log; keep it where the cluster cannot reach it",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return answer(c, func(client *adminclient.Client) (admin.Checkpointed, error) {
				return client.Checkpoint(cmd.Context(), c.node, size)
			}, func(w io.Writer, kept admin.Checkpointed) { fmt.Fprint(w, kept.Note) })
		},
	}
	cmd.Flags().Uint64Var(&size, "size", 0, "the one of this `many` entries; the last 1024 are kept")
	c.operatorFlags(cmd)
	return cmd
}

func (c *cli) logExport() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Take the whole access log out, to be verified where there is no cluster",
		Long: "Takes the whole access log out, up to its newest checkpoint, to a file that log verify reads.\n" +
			"The file holds patients: it is made for its owner alone, and that it was taken is in the log.",
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := newFile(out); err != nil {
				return err
			}
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			newest, err := client.Checkpoint(cmd.Context(), c.node, 0)
			if err != nil {
				return err
			}
			head := admin.LogFileHeader{
				Format: admin.LogFileFormat, Kind: admin.LogFileWhole, Cluster: client.Topology().Cluster, Checkpoint: newest.Note,
			}
			err = writeLogFile(out, head, func(put func(admin.ExportedEntry) error) error {
				for after := uint64(0); after < newest.Size; {
					page, err := client.LogPage(cmd.Context(), c.node, admin.LogPageQuery{After: after, Through: min(after+logPage, newest.Size)})
					if err != nil {
						return err
					}
					if len(page.Entries) == 0 {
						return fmt.Errorf("the node has no entries after %d, and %d are signed", after, newest.Size)
					}
					for _, e := range page.Entries {
						if err := put(e); err != nil {
							return err
						}
					}
					after += uint64(len(page.Entries))
					c.progress(after, newest.Size)
				}
				return nil
			})
			if err != nil {
				return err
			}
			return c.print(written{out, newest.Size}, func(w io.Writer) { fmt.Fprintf(w, "%s: %d entries\n", out, newest.Size) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; one that is there is not overwritten")
	c.operatorFlags(cmd)
	return cmd
}

// written is what export says.
type written struct {
	File    string `json:"file"`
	Entries uint64 `json:"entries"`
}

func (c *cli) logProve() *cobra.Command {
	var out string
	var sequence uint64
	cmd := &cobra.Command{
		Use:   "prove [ID]",
		Short: "Take one entry out with the proof that it is in the log that was signed",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := admin.LogProofQuery{Sequence: sequence}
			if len(args) == 1 {
				query.ID = args[0]
			}
			if (query.ID == "") == (sequence == 0) {
				return usage("name one entry: its id as it was shown, or --sequence")
			}
			if err := newFile(out); err != nil {
				return err
			}
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			p, err := client.LogProof(cmd.Context(), c.node, query)
			if err != nil {
				return err
			}
			head := admin.LogFileHeader{
				Format: admin.LogFileFormat, Kind: admin.LogFileEntry, Cluster: client.Topology().Cluster, Checkpoint: p.Checkpoint, Proof: p.Proof,
			}
			err = writeLogFile(out, head, func(put func(admin.ExportedEntry) error) error { return put(p.Entry) })
			if err != nil {
				return err
			}
			return c.print(written{out, 1}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: entry %d, proof of %d hashes\n", out, p.Entry.Sequence, len(p.Proof))
			})
		},
	}
	cmd.Flags().Uint64Var(&sequence, "sequence", 0, "the entry's `number`")
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; one that is there is not overwritten")
	c.operatorFlags(cmd)
	return cmd
}

func (c *cli) logConsistency() *cobra.Command {
	var out string
	var from, to uint64
	cmd := &cobra.Command{
		Use:   "consistency",
		Short: "Take out the proof that the log of one checkpoint begins with that of an earlier one",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == 0 {
				return usage("--from is the size of the earlier checkpoint")
			}
			if err := newFile(out); err != nil {
				return err
			}
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			p, err := client.Consistency(cmd.Context(), c.node, from, to)
			if err != nil {
				return err
			}
			head := admin.LogFileHeader{
				Format: admin.LogFileFormat, Kind: admin.LogFileConsistency, Cluster: client.Topology().Cluster,
				Earlier: p.Earlier, Checkpoint: p.Later, Proof: p.Proof,
			}
			if err := writeLogFile(out, head, func(func(admin.ExportedEntry) error) error { return nil }); err != nil {
				return err
			}
			return c.print(written{out, 0}, func(w io.Writer) { fmt.Fprintf(w, "%s: proof of %d hashes\n", out, len(p.Proof)) })
		},
	}
	cmd.Flags().Uint64Var(&from, "from", 0, "`size` of the earlier checkpoint")
	cmd.Flags().Uint64Var(&to, "to", 0, "`size` of the later one; otherwise the newest")
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; one that is there is not overwritten")
	c.operatorFlags(cmd)
	return cmd
}

// newFile looks at --out before anything is read: a reading is recorded.
func newFile(path string) error {
	if path == "" {
		return usage("--out names the file to write")
	}
	if _, err := os.Lstat(path); err == nil {
		return usage("--out: %s is there already, and nothing is overwritten", path)
	}
	return nil
}

// writeLogFile writes a file that is not there yet, whole or not at all.
func writeLogFile(path string, head admin.LogFileHeader, fill func(put func(admin.ExportedEntry) error) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usage("--out: %v", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(path) // a part of a log is worth nothing, and holds patients
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	e := json.NewEncoder(w)
	if err := e.Encode(head); err != nil {
		return err
	}
	if err := fill(func(entry admin.ExportedEntry) error { return e.Encode(entry) }); err != nil {
		return err
	}
	return errors.Join(w.Flush(), f.Sync())
}

// progress tells how far a long command is, on the error output.
func (c *cli) progress(done, of uint64) {
	end := "\r"
	if done >= of {
		end = "\n"
	}
	fmt.Fprintf(c.errs, "%d of %d entries%s", done, of, end)
}

// verified is what verify found of one file.
type verified struct {
	File    string               `json:"file"`
	Kind    string               `json:"kind"`
	Size    uint64               `json:"size"`
	Root    string               `json:"root"`
	At      string               `json:"at"`
	Signed  []string             `json:"signed"`
	Missing []string             `json:"missing_sites"`
	Entries uint64               `json:"entries"`
	Closed  uint64               `json:"closed"`
	From    uint64               `json:"from,omitempty"` // the earlier checkpoint, which it begins with
	Entry   *admin.ReadableEntry `json:"entry,omitempty"`
	Seconds float64              `json:"seconds"`
}

func (c *cli) logVerify() *cobra.Command {
	var config, keptFile string
	var without []string
	var closed uint64
	cmd := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Verify what was taken out of an access log, with the members' public keys and nothing else",
		Long: "Verifies files that log export, log prove and log consistency wrote. It asks no node: it needs the files\n" +
			"and the cluster file, whose log_key lines are whom one trusts. With --checkpoint, one that was kept from\n" +
			"before, a whole log or a consistency proof is also shown to begin with what was signed then.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if config == "" {
				return usage("--config names the cluster file, whose log_key lines are whom one trusts")
			}
			topology, err := admin.LoadTopology(config)
			if err != nil {
				return err
			}
			keys, err := logproof.KeysOf(topology)
			if err != nil {
				return usage("%s: %v", config, err)
			}
			for _, site := range without {
				if !slices.ContainsFunc(topology.Members, func(m admin.Node) bool { return m.Site == site }) {
					return usage("--without: no member is of a site %q", site)
				}
			}
			kept, err := readNote(keptFile)
			if err != nil {
				return err
			}
			v := logproof.Verifier{Keys: keys, Readable: node.ReadableEntry, Progress: c.progress}
			var all []verified
			for _, name := range args {
				one, err := c.verifyFile(cmd.Context(), v, name, kept)
				if err == nil {
					err = c.signedAt(name, one.Missing, without)
				}
				if err == nil && one.Closed > closed {
					err = c.notVerified(name, fmt.Errorf("%d of its entries are closed: they are those that were signed, and nobody can say what they say; --closed %d accepts that",
						one.Closed, one.Closed))
				}
				if err != nil {
					return err
				}
				all = append(all, one)
			}
			return c.print(all, func(w io.Writer) { printVerified(w, all) })
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "cluster `file` with the members' log keys")
	cmd.Flags().StringVar(&keptFile, "checkpoint", "", "a checkpoint kept from before, in a `file`")
	cmd.Flags().Uint64Var(&closed, "closed", 0, "accept this `many` entries that the node could not open")
	cmd.Flags().StringSliceVar(&without, "without", nil, "accept that no member of this `site` has signed")
	c.formatFlag(cmd)
	return cmd
}

// signedAt refuses a checkpoint that no member of some site has signed, unless that is
// accepted.
func (c *cli) signedAt(name string, missing, without []string) error {
	for _, site := range missing {
		if !slices.Contains(without, site) {
			return c.notVerified(name, fmt.Errorf("%w: nobody of site %s; --without %s accepts that", logproof.ErrSignatures, site, site))
		}
	}
	return nil
}

// notVerified says of a file what does not hold.
func (c *cli) notVerified(name string, why error) error {
	fmt.Fprintf(c.errs, "tvilling: %s: NOT VERIFIED: %v\n", name, why)
	return &saidError{exitUnhealthy}
}

func readNote(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", usage("--checkpoint: %v", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxNoteBytes))
	if err != nil {
		return "", usage("--checkpoint: %v", err)
	}
	return string(b), nil
}

func (c *cli) verifyFile(ctx context.Context, v logproof.Verifier, name, kept string) (verified, error) {
	f, err := os.Open(name)
	if err != nil {
		return verified{}, usage("%v", err)
	}
	defer f.Close()
	started := time.Now()
	r, err := v.Verify(ctx, f, kept)
	if ctx.Err() != nil {
		return verified{}, ctx.Err()
	}
	if err != nil {
		return verified{}, c.notVerified(name, err)
	}
	one := verified{
		File: name, Kind: r.Kind, Size: r.Later.Size, Root: fmt.Sprintf("%x", r.Later.Root), At: r.Later.At.UTC().Format(time.RFC3339),
		Signed: r.Later.Signers, Missing: append([]string{}, r.Later.Missing...), Entries: r.Entries, Closed: r.Closed, From: r.Earlier.Size,
		Seconds: time.Since(started).Seconds(),
	}
	if r.Entry != nil {
		one.Entry = &r.Entry.Entry
	}
	return one, nil
}

func printVerified(w io.Writer, all []verified) {
	for _, v := range all {
		fmt.Fprintf(w, "%s:\tverified\n", v.File)
		fmt.Fprintf(w, "  checkpoint\t%d entries, made %s, root %s\n", v.Size, v.At, v.Root)
		fmt.Fprintf(w, "  signed by\t%s\n", strings.Join(v.Signed, ", "))
		if len(v.Missing) > 0 {
			fmt.Fprintf(w, "  not by\tanybody of site %s\n", strings.Join(v.Missing, ", "))
		}
		switch v.Kind {
		case admin.LogFileWhole:
			fmt.Fprintf(w, "  proved\tall %d entries, each as it was written, none missing, added or moved (%.1f s)\n", v.Entries, v.Seconds)
			if v.Closed > 0 {
				fmt.Fprintf(w, "  closed\t%d of them, whose words nobody can read\n", v.Closed)
			}
		case admin.LogFileEntry:
			fmt.Fprintf(w, "  proved\tthe entry is in that log\n")
			fmt.Fprintf(w, "  entry\t%s %s, %s: %s\n", v.Entry.At, v.Entry.Activity, outcome(v.Entry.Decision.Permit), v.Entry.Decision.Reason)
		}
		if v.From > 0 {
			fmt.Fprintf(w, "  begins with\tthe log of %d entries that was signed before\n", v.From)
		}
	}
}

func outcome(permit bool) string {
	if permit {
		return "permitted"
	}
	return "refused"
}
