package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/backup"
	"tvilling/protocol/admin"
)

// bucketFlags are the flags of a command that may be pointed at a bucket.
func bucketFlags(cmd *cobra.Command, o *backup.S3) {
	cmd.Flags().StringVar(&o.Endpoint, "s3-endpoint", "", "`URL` of the S3 service (default: Amazon's)")
	cmd.Flags().StringVar(&o.Region, "s3-region", "", "the bucket's `region`")
}

const bucketHelp = `
A bucket's credentials come from the environment (AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or a file of profiles
(AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE), never from the command line.`

// backupFault is an error of backups with the exit code that it has.
func backupFault(err error) error {
	for _, wrong := range []error{backup.ErrExists, backup.ErrNone, backup.ErrRecipients, backup.ErrIdentity, node.ErrNotEmpty, node.ErrGeneration, node.ErrBackupCluster} {
		if errors.Is(err, wrong) && !errors.Is(err, backup.ErrSealed) {
			return usage("%v", err)
		}
	}
	return err
}

// saved is what backup says.
type saved struct {
	Name     string               `json:"name"`
	In       string               `json:"in"`
	Seconds  float64              `json:"seconds"`
	Manifest admin.BackupManifest `json:"manifest"`
}

func (c *cli) backup() *cobra.Command {
	var to string
	var recipients, files []string
	var bucket backup.S3
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Take a backup, sealed to keys that are offline; verify, list and open backups",
		Long: `Take a backup of the cluster's state from a follower, sealed to recipients whose
keys are offline, to a file, a directory (which names it) or s3://bucket/key. The
manifest stands beside it in the clear, as NAME.json.

A backup is worth something when it was verified: see tvilling backup verify.
` + bucketHelp,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			place, name, err := backup.Parse(to, bucket)
			if err != nil {
				return usage("--to: %v", err)
			}
			who, err := backup.ReadRecipients(recipients, files)
			if err != nil {
				return usage("%v", err)
			}
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			done, err := c.saveBackup(cmd.Context(), client, place, name, who)
			if err != nil {
				return backupFault(err)
			}
			return c.print(done, func(w io.Writer) { printSaved(w, done) })
		},
	}
	c.operatorFlags(cmd)
	cmd.Flags().StringSliceVar(&recipients, "recipient", nil, "seal to this `age1…`; repeatable, any one of them opens it")
	cmd.Flags().StringSliceVar(&files, "recipients-file", nil, "seal to the recipients in this `file`, one a line")
	cmd.Flags().StringVar(&to, "to", "", "`where`: a file, a directory, s3://bucket/key or s3://bucket/folder/")
	bucketFlags(cmd, &bucket)
	cmd.AddCommand(c.backupVerify(), c.backupList(), c.backupKey())
	return cmd
}

func (c *cli) saveBackup(ctx context.Context, client *adminclient.Client, at backup.Place, name string, to backup.Recipients) (done saved, err error) {
	from := c.node
	if from == "" {
		status, err := client.Status(ctx, "")
		if err != nil {
			return done, err
		}
		if from, err = backup.Pick(status); err != nil {
			return done, err
		}
	}
	if name != "" { // before the node is troubled
		if there, err := at.Open(ctx, name); err == nil {
			return done, errors.Join(fmt.Errorf("%w: %s in %s", backup.ErrExists, name, at), there.Close())
		}
	}
	fmt.Fprintf(c.errs, "%s writes a copy of its state …\n", from)
	started := time.Now()
	m, state, err := client.Backup(ctx, from)
	if err != nil {
		return done, err
	}
	defer state.Close()
	if name == "" {
		name = backup.NameOf(m)
	}
	meter := c.meter()
	if err := backup.Save(ctx, at, name, to, m, state, func(done, of int64) { meter.told("sealed and kept", done, of) }); err != nil {
		meter.end()
		return done, err
	}
	meter.end()
	return saved{Name: name, In: at.String(), Seconds: time.Since(started).Seconds(), Manifest: m}, nil
}

func printSaved(w io.Writer, s saved) {
	m := s.Manifest
	fmt.Fprintf(w, "%s in %s\n", s.Name, s.In)
	fmt.Fprintf(w, "  of\tcluster %s, generation %d, taken %s at %s\n", m.Cluster, m.Generation, m.Taken, m.Node)
	fmt.Fprintf(w, "  holds\tthe state at index %d, %d entries of the access log, %d bytes (%.1f s)\n", m.Index, m.LogSize, m.Bytes, s.Seconds)
	fmt.Fprintln(w, "  next\tverify it: tvilling backup verify, where its identity is")
}

func (c *cli) backupList() *cobra.Command {
	var from string
	var bucket backup.S3
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the backups of a directory or bucket, by the manifests beside them",
		Long:  "List the backups of a directory or bucket, by the manifests beside them, the newest first.\n" + bucketHelp,
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			place, name, err := backup.Parse(from, bucket)
			if err != nil || name != "" {
				return usage("--from: a directory or s3://bucket/folder/ is to be named, with a '/' at the end (%q)", from)
			}
			all, err := backup.List(cmd.Context(), place)
			if err != nil {
				return backupFault(err)
			}
			return c.print(all, func(w io.Writer) { printKept(w, all) })
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "`where`: a directory or s3://bucket/folder/")
	bucketFlags(cmd, &bucket)
	c.formatFlag(cmd)
	return cmd
}

func printKept(w io.Writer, all []backup.Kept) {
	fmt.Fprintln(w, "TAKEN\tVERIFIED\tCLUSTER\tGENERATION\tINDEX\tBYTES\tNAME")
	for _, k := range all {
		k.Name, k.Fault = strings.Map(visible, k.Name), strings.Map(visible, k.Fault) // anybody may have written there
		if k.Fault != "" {
			fmt.Fprintf(w, "-\t-\t-\t-\t-\t-\t%s: %s\n", k.Name, k.Fault)
			continue
		}
		m := k.Manifest
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", m.Taken, dash(m.Verified), m.Cluster, m.Generation, m.Index, m.Bytes, k.Name)
	}
}

// visible keeps what would steer a terminal from it.
func visible(r rune) rune {
	if !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}

// newKey is what key says.
type newKey struct {
	Identity  string `json:"identity"`
	Recipient string `json:"recipient"`
}

func (c *cli) backupKey() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make an identity that opens backups, and print the recipient to seal them to",
		Long: "Make an identity that opens backups, in a file for its owner alone, and print the recipient to seal them\n" +
			"to. Make it where it will be kept, offline, and make two: a backup that nobody can open is none.",
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return usage("--out names the file for the identity")
			}
			recipient, err := backup.NewIdentity(out, time.Now())
			if err != nil {
				return usage("%v", err)
			}
			return c.print(newKey{out, recipient}, func(w io.Writer) { fmt.Fprintln(w, recipient) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; one that is there is not overwritten")
	c.formatFlag(cmd)
	return cmd
}

// verifying are the flags of verify.
type verifying struct {
	identity, scratch string
	bucket            backup.S3
}

// verifiedBackup is what verify says.
type verifiedBackup struct {
	Name     string               `json:"name"`
	Manifest admin.BackupManifest `json:"manifest"`
	Seconds  float64              `json:"seconds"`
	Noted    uint64               `json:"noted,omitempty"` // the index at which the cluster knows it
}

func (c *cli) backupVerify() *cobra.Command {
	var f verifying
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Restore a backup into an empty node, replay its access log, compare everything",
		Long: `Restores a backup (a file or s3://bucket/key) as a lost cluster would be, into a
directory that is removed afterwards: a node of its own finds it as its newest
snapshot, restores it and commits an entry. The state hash is made anew from all that
is stored, the access log's tree from its entries, and both are held against the
manifest that is sealed in. With --operator the cluster is told, so that it knows the
age of its newest verified backup; it holds the access log's root against its own.

Needs room for three times the state (--scratch). What does not hold ends with code 5.
` + bucketHelp,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var client *adminclient.Client
			if c.operator != "" {
				var err error
				if client, err = c.ask(); err != nil {
					return err
				}
				defer client.Close()
			}
			done, err := c.verifyBackup(cmd.Context(), f, args[0], client)
			if err != nil {
				return err
			}
			return c.print(done, func(w io.Writer) { printVerifiedBackup(w, done) })
		},
	}
	c.operatorFlags(cmd)
	cmd.Flags().StringVar(&f.identity, "identity", "", "`file` with what opens it")
	cmd.Flags().StringVar(&f.scratch, "scratch", "", "`directory` with room to restore in (default: the system's)")
	bucketFlags(cmd, &f.bucket)
	return cmd
}

func (c *cli) verifyBackup(ctx context.Context, f verifying, file string, client *adminclient.Client) (done verifiedBackup, err error) {
	place, name, err := backup.Parse(file, f.bucket)
	if err != nil || name == "" {
		return done, usage("%q is no file and no s3://bucket/key", file)
	}
	sealed, m, clear, err := c.unseal(ctx, place, name, f.identity)
	if err != nil {
		return done, c.unverified(ctx, file, err)
	}
	defer sealed.Close()
	if client != nil && client.Topology().Cluster != m.Cluster {
		return done, c.notVerified(file, fmt.Errorf("%w: %q, and the operator's is %q", node.ErrBackupCluster, m.Cluster, client.Topology().Cluster))
	}
	if err := backup.Holds(ctx, place, name, m); err != nil {
		return done, c.unverified(ctx, file, err)
	}
	started, meter := time.Now(), c.meter()
	_, err = node.VerifyBackup(ctx, f.scratch, clear, meter.told)
	meter.end()
	if err != nil {
		return done, c.unverified(ctx, file, err)
	}
	done = verifiedBackup{Name: name, Seconds: time.Since(started).Seconds()}
	m.Verified = time.Now().UTC().Format(time.RFC3339)
	done.Manifest = m
	if err := backup.MarkVerified(ctx, place, name, m); err != nil {
		fmt.Fprintf(c.errs, "tvilling: it holds; the manifest beside it does not say so: %v\n", err)
	}
	if client == nil {
		return done, nil
	}
	noted, err := client.NoteBackup(ctx, c.node, m)
	if err != nil {
		return done, fmt.Errorf("the backup holds, and the cluster was not told: %w", err)
	}
	done.Noted = noted.Index
	return done, nil
}

// unseal opens a backup and reads its manifest; clear is the whole of it again.
func (c *cli) unseal(ctx context.Context, at backup.Place, name, identity string) (sealed io.Closer, m admin.BackupManifest, clear io.Reader, err error) {
	mine, err := backup.ReadIdentities(identity)
	if err != nil {
		return nil, m, nil, err
	}
	f, err := at.Open(ctx, name)
	if err != nil {
		return nil, m, nil, err
	}
	fail := func(err error) (io.Closer, admin.BackupManifest, io.Reader, error) {
		_ = f.Close()
		return nil, m, nil, err
	}
	opened, err := mine.Unseal(f)
	if err != nil {
		return fail(err)
	}
	in := bufio.NewReaderSize(opened, 1<<20)
	if m, err = admin.ReadBackupManifest(in); err != nil {
		return fail(err)
	}
	line, err := m.Line()
	if err != nil {
		return fail(err)
	}
	return f, m, io.MultiReader(bytes.NewReader(line), in), nil
}

// unverified tells what does not hold from what could not be looked at.
func (c *cli) unverified(ctx context.Context, file string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, fault := range []error{
		backup.ErrSealed, backup.ErrOther, admin.ErrNoBackup, admin.ErrBackupFormat, admin.ErrBackupDamaged,
		node.ErrBackupLevel, node.ErrBackupDiffers, node.ErrBackupLifeless,
	} {
		if errors.Is(err, fault) {
			return c.notVerified(file, err)
		}
	}
	return backupFault(err)
}

func printVerifiedBackup(w io.Writer, v verifiedBackup) {
	m := v.Manifest
	fmt.Fprintf(w, "%s: verified\n", v.Name)
	fmt.Fprintf(w, "  of\tcluster %s, generation %d, taken %s at %s\n", m.Cluster, m.Generation, m.Taken, m.Node)
	fmt.Fprintf(w, "  holds\tthe state at index %d, as its hash says: %.16s…\n", m.Index, m.StateHash)
	fmt.Fprintf(w, "  proved\tall %d entries of the access log, by the root of their tree: %.16s…\n", m.LogSize, m.LogRoot)
	fmt.Fprintf(w, "  goes on\ta node that started from it committed an entry (%.1f s, %d bytes)\n", v.Seconds, m.Bytes)
	if v.Noted > 0 {
		fmt.Fprintf(w, "  noted\tthe cluster knows, since index %d\n", v.Noted)
	}
}

// meterEvery is how often a meter shows where it is.
const meterEvery = 200 * time.Millisecond

// meter shows on standard error how far a long work is, and how fast it goes.
type meter struct {
	to          io.Writer
	step        string
	began, last time.Time
	line        bool // one is under way
}

func (c *cli) meter() *meter { return &meter{to: c.errs} }

func (m *meter) told(step string, done, of int64) {
	now := time.Now()
	if step != m.step {
		m.end()
		m.step, m.began, m.last = step, now, time.Time{}
	}
	if now.Sub(m.last) < meterEvery && done < of {
		return
	}
	m.last, m.line = now, true
	if of < 1<<20 {
		fmt.Fprintf(m.to, "\r%s: %d of %d", step, done, of)
	} else {
		rate := float64(done) / max(now.Sub(m.began).Seconds(), 0.001) / 1e6
		fmt.Fprintf(m.to, "\r%s: %d of %d MB (%.0f MB/s)  ", step, done/1e6, of/1e6, rate)
	}
}

// end ends the line.
func (m *meter) end() {
	if m.line {
		fmt.Fprintln(m.to)
	}
	m.line = false
}
