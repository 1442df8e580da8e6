package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

func (c *cli) announce() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "announce",
		Short: "Tell everybody who uses the client what is planned, or what goes on",
		Long: `Tell everybody who uses the client what is planned, or what goes on.

It stands in the client's status line within seconds, in the language that is chosen
there: what goes on first, then what is planned. It is one line of at most 300
characters in each language, for care staff: what they notice, and until when. Never
write anything about a patient. At most 16 stand at once; one whose time is over goes
by itself. The cluster must be at level 2 (tvilling members activate).

  tvilling announce planned --from "2026-11-30 14:00" --for 1h \
    --sv "Kort avbrott i taget på ena sidan. Vyn står kvar." \
    --en "Short interruptions, one side at a time. The view stays."
  tvilling announce ongoing --sv "Läkemedel visas inte just nu." --en "Medication is not shown at the moment."
  tvilling announce list
  tvilling announce withdraw ID`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		c.announceOne("planned", "Announce work to come; from its beginning on it is shown as going on"),
		c.announceOne("ongoing", "Announce something that goes on"),
		c.announceList(), c.announceWithdraw())
	return cmd
}

// announcing are the flags of an announcement.
type announcing struct {
	swedish, english string
	from, until      string
	in, lasts        time.Duration
}

func (c *cli) announceOne(kind, short string) *cobra.Command {
	var f announcing
	cmd := &cobra.Command{
		Use:   kind,
		Short: short,
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := f.announcement(kind, time.Now())
			if err != nil {
				return err
			}
			return answer(c, func(client *adminclient.Client) (announcedOne, error) {
				done, err := client.Announce(cmd.Context(), c.node, a)
				return announcedOne{a, done}, err
			}, func(w io.Writer, one announcedOne) {
				printAnnouncements(w, admin.Announcements{Announcements: []admin.Announcement{one.Announcement}})
				fmt.Fprintf(w, "\nIt stands from index %d; take it back with: tvilling announce withdraw %s\n", one.Index, one.ID)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.swedish, "sv", "", "the `text` in Swedish")
	flags.StringVar(&f.english, "en", "", "the `text` in English")
	flags.StringVar(&f.from, "from", "", "when it begins: `time` as 2026-11-22T14:00:00+01:00, or \"2026-11-22 14:00\" by this machine's zone (default: now). What staff read is Swedish time, and is printed")
	flags.DurationVar(&f.in, "in", 0, "the same, as `how long` from now: 2h")
	flags.StringVar(&f.until, "until", "", "when it ends: `time` (default: until it is withdrawn)")
	flags.DurationVar(&f.lasts, "for", 0, "the same, as `how long` from its beginning: 30m")
	c.operatorFlags(cmd)
	return cmd
}

// announcedOne is what announcing prints.
type announcedOne struct {
	admin.Announcement
	admin.Done
}

// announcement makes an announcement of the flags. It has an id of its own from the
// beginning: told twice, it is told once.
func (f announcing) announcement(kind string, now time.Time) (admin.Announcement, error) {
	if f.swedish == "" || f.english == "" {
		return admin.Announcement{}, usage("say it in both languages, with --sv and --en: each user sees the one that is chosen")
	}
	if f.from != "" && f.in != 0 || f.until != "" && f.lasts != 0 {
		return admin.Announcement{}, usage("--from and --in both say when it begins, --until and --for both when it ends: choose one of each")
	}
	if f.in < 0 || f.lasts < 0 {
		return admin.Announcement{}, usage("--in and --for look ahead: give a positive time, as 2h")
	}
	if kind == "planned" && f.from == "" && f.in == 0 {
		return admin.Announcement{}, usage("when does it begin? Say it with --from or --in; what goes on already is tvilling announce ongoing")
	}
	from, err := momentOf("--from", f.from, now.Add(f.in))
	if err != nil {
		return admin.Announcement{}, err
	}
	a := admin.Announcement{Kind: kind, From: from.Format(time.RFC3339), Swedish: f.swedish, English: f.english}
	if f.until != "" || f.lasts != 0 {
		until, err := momentOf("--until", f.until, from.Add(f.lasts))
		if err != nil {
			return admin.Announcement{}, err
		}
		if !until.After(from) || !until.After(now) {
			return admin.Announcement{}, usage("it ends %s: before it begins, or before now", until.Format(time.RFC3339))
		}
		a.Until = until.Format(time.RFC3339)
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails: the program ends before
	a.ID = hex.EncodeToString(id[:])
	return a, nil
}

// momentOf reads a time that an operator writes; an empty one is the other.
func momentOf(flag, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, time.Local)
	if err != nil {
		return at, usage("%s %q is no time: write 2026-11-22T14:00:00+01:00, or \"2026-11-22 14:00\"", flag, text)
	}
	return at, nil
}

func (c *cli) announceList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what stands",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return answer(c, func(client *adminclient.Client) (admin.Announcements, error) {
				return client.Announcements(cmd.Context(), c.node)
			}, printAnnouncements)
		},
	}
	c.operatorFlags(cmd)
	return cmd
}

func printAnnouncements(w io.Writer, all admin.Announcements) {
	if len(all.Announcements) == 0 {
		fmt.Fprintln(w, "Nothing is announced.")
		return
	}
	fmt.Fprintln(w, "ID\tKIND\tFROM\tUNTIL\tSWEDISH TIME\tSWEDISH\tENGLISH")
	for _, a := range all.Announcements {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Kind, a.From, dash(a.Until), swedishTime(a), a.Swedish, a.English)
	}
}

// swedishTime is when something is announced for, as staff read it: in Swedish time,
// wherever the operator's machine believes that it stands.
func swedishTime(a admin.Announcement) string {
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		return "-"
	}
	from, err := time.Parse(time.RFC3339, a.From)
	if err != nil {
		return "-"
	}
	from = from.In(zone)
	text := from.Format("2006-01-02 15:04")
	until, err := time.Parse(time.RFC3339, a.Until)
	switch until = until.In(zone); {
	case err != nil:
		return "from " + text
	case from.Format("-0700") != until.Format("-0700"): // clocks are set in between
		return text + from.Format(" -0700") + " – " + until.Format("2006-01-02 15:04 -0700")
	case until.Format(time.DateOnly) == from.Format(time.DateOnly):
		return text + "–" + until.Format("15:04")
	}
	return text + " – " + until.Format("2006-01-02 15:04")
}

func (c *cli) announceWithdraw() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "withdraw ID",
		Short: "Take back what was announced; one that does not stand is taken back already",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return answer(c, func(client *adminclient.Client) (admin.Done, error) {
				return withdraw(cmd.Context(), client, c.node, args[0])
			}, func(w io.Writer, done admin.Done) { fmt.Fprintf(w, "withdrawn at index %d\n", done.Index) })
		},
	}
	c.operatorFlags(cmd)
	return cmd
}

// withdraw takes back one by its id, or by the beginning of it that only one has.
func withdraw(ctx context.Context, client *adminclient.Client, node, prefix string) (admin.Done, error) {
	if len(prefix) == 32 {
		return client.Withdraw(ctx, node, prefix)
	}
	standing, err := client.Announcements(ctx, node)
	if err != nil {
		return admin.Done{}, err
	}
	var found []string
	for _, a := range standing.Announcements {
		if prefix != "" && len(prefix) < len(a.ID) && a.ID[:len(prefix)] == prefix {
			found = append(found, a.ID)
		}
	}
	if len(found) != 1 {
		return admin.Done{}, usage("%d announcements that stand have an id that begins with %q: see tvilling announce list", len(found), prefix)
	}
	return client.Withdraw(ctx, node, found[0])
}
