package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/sourceclient"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// maxMessageBytes bounds a message that is read from a file.
const maxMessageBytes = 64 << 20

// sending are source put's flags.
type sending struct {
	config, authority string
	to                []string
	cert, key         string
	source            string
	patientFile       string
	contract          string
	partial           bool
}

// sent is the outcome of one file.
type sent struct {
	File    string                `json:"file"`
	Receipt *sourceclient.Receipt `json:"receipt,omitempty"`
	Error   string                `json:"error,omitempty"`
}

func (c *cli) sourcePut() *cobra.Command {
	var f sending
	cmd := &cobra.Command{
		Use:   "put FILE…",
		Short: "Send answers of a source system; print the log index at which each is durable",
		Long: `Send answers of a source system; print the log index at which each is durable.

  tvilling source put --config cluster.toml --cert s1.pem --key s1.key *.xml

A file is a SOAP response of one contract about one patient; "-" is standard input.
Nodes are tried in turn until one takes it. The same answer twice changes nothing.
The exit code is that of the worst file.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return c.put(cmd.Context(), f, files) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "cluster `file`: its data nodes are sent to")
	flags.StringArrayVar(&f.to, "to", nil, "`host:port` of a source listener, instead of --config; repeat for more")
	flags.StringVar(&f.authority, "ca", "", "the cluster's authority (default: tls/ca.pem beside the cluster file)")
	flags.StringVar(&f.cert, "cert", "", "the source's certificate `file`")
	flags.StringVar(&f.key, "key", "", "its key `file`")
	flags.StringVar(&f.source, "source", "", "`HSA-id` of the source system, for an agent that sends for it")
	flags.StringVar(&f.patientFile, "patient-file", "", "`file` with the patient's id, for an answer without records")
	flags.StringVar(&f.contract, "contract", "", "the `contract`, for a fault, which does not name it")
	flags.BoolVar(&f.partial, "partial", false, "the answers were limited: nothing may be deleted by them")
	c.formatFlag(cmd)
	return cmd
}

// put sends the files and prints what became of each.
func (c *cli) put(ctx context.Context, f sending, files []string) error {
	client, err := f.client(func(wait time.Duration, why error) {
		fmt.Fprintf(c.errs, "no node takes it now, and it is sent again in %v: %v\n", wait.Round(100*time.Millisecond), why)
	})
	if err != nil {
		return err
	}
	defer client.Close()
	patient, err := f.patient(c.in)
	if err != nil {
		return err
	}
	outcomes := make([]sent, len(files))
	worst, done, taken := exitOK, 0, false
	client.Deliver(ctx, len(files), func(n int) (sourceclient.Message, error) {
		return f.message(files[n], c.in, patient)
	}, func(d sourceclient.Delivery) {
		done++
		outcomes[d.Number] = sent{File: files[d.Number]}
		if d.Err != nil {
			outcomes[d.Number].Error = d.Err.Error()
			worst = max(worst, codeOf(d.Err))
			fmt.Fprintf(c.errs, "%s: %v\n", files[d.Number], d.Err)
		} else {
			taken = true
			outcomes[d.Number].Receipt = &d.Receipt
		}
		if len(files) > 20 && done%20 == 0 {
			fmt.Fprintf(c.errs, "%d of %d\n", done, len(files))
		}
	})
	err = c.print(outcomes, func(w io.Writer) {
		if !taken {
			return
		}
		fmt.Fprintln(w, "FILE\tINDEX\tDOCUMENTS\tCHANGED\tUNCHANGED\tREMOVED")
		for _, o := range outcomes {
			if r := o.Receipt; r != nil {
				fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\n", o.File, r.Index, r.Documents, r.Changed, r.Unchanged, r.Removed)
			}
		}
	})
	if err == nil && worst != exitOK {
		err = &saidError{worst}
	}
	return err
}

func (f sending) client(waiting func(time.Duration, error)) (*sourceclient.Client, error) {
	if f.cert == "" || f.key == "" {
		return nil, usage("who sends? Name the source's certificate and key with --cert and --key")
	}
	addresses := f.to
	if f.config != "" {
		topology, err := admin.LoadTopology(f.config)
		if err != nil {
			return nil, err
		}
		for _, m := range topology.Members {
			if m.Source != "" && len(f.to) == 0 {
				addresses = append(addresses, m.Source)
			}
		}
		if f.authority == "" {
			f.authority = filepath.Join(filepath.Dir(f.config), filepath.FromSlash(admin.FileAuthority))
		}
	}
	if f.authority == "" {
		return nil, usage("which authority signed the nodes? Name its certificate with --ca, or a cluster file with --config")
	}
	return sourceclient.New(sourceclient.Config{Addresses: addresses, Authority: f.authority, Certificate: f.cert, Key: f.key, Waiting: waiting})
}

// patient reads the patient's id from a file: a flag would show it to everybody who
// lists the machine's processes.
func (f sending) patient(in io.Reader) (protocol.PatientID, error) {
	if f.patientFile == "" {
		return protocol.PatientID{}, nil
	}
	text, err := readFile(f.patientFile, in)
	if err != nil {
		return protocol.PatientID{}, err
	}
	id, err := protocol.ParsePatientID(strings.TrimSpace(string(text)))
	if err != nil {
		return protocol.PatientID{}, usage("%s: %v", f.patientFile, err)
	}
	return id, nil
}

func (f sending) message(path string, in io.Reader, patient protocol.PatientID) (sourceclient.Message, error) {
	m := sourceclient.Message{Source: f.source, Patient: patient, Partial: f.partial}
	var err error
	if m.Body, err = readFile(path, in); err != nil {
		return m, err
	}
	if f.contract != "" {
		var ok bool
		if m.Contract, ok = protocol.ContractNamed(f.contract); !ok {
			return m, usage("no contract is called %q; they are %s", f.contract, contractNames())
		}
		return m, nil
	}
	m.Contract, err = sourceclient.ContractOf(m.Body)
	if errors.Is(err, sourceclient.ErrFault) {
		err = usage("%v: name it with --contract", err)
	}
	return m, err
}

// errLarge is a message file that is larger than any that is taken.
var errLarge = errors.New("larger than any message that is taken")

// readFile reads a bounded file, or standard input for "-".
func readFile(path string, in io.Reader) ([]byte, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, usage("%v", err)
		}
		defer file.Close()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxMessageBytes+1))
	if err == nil && len(raw) > maxMessageBytes {
		err = fmt.Errorf("%s: %w", path, errLarge)
	}
	return raw, err
}
