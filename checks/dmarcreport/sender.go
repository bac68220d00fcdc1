package dmarcreport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
)

const (
	// maxRecipients bounds the addresses that one report goes to.
	maxRecipients = 8
	// maxErrors bounds the errors that a run returns.
	maxErrors = 16
	// lockTime is how long a Sender that died can hold up the others.
	lockTime = 15 * time.Minute
	// soon is how long after the start the background first looks for reports to
	// send, and interval how often from then on.
	soon, interval = 5 * time.Minute, time.Hour
)

// ErrRefused is what Send returns (wrapped or as it is) when the report will
// never be taken: the address counts as served.
var ErrRefused = errors.New("dmarcreport: refused for good")

// A Mail is a report on its way to one address. WriteMessage makes a message of
// it, which the host signs and sends.
type Mail struct {
	To       string
	Subject  string
	Text     string // of the message's first part, for people
	Filename string
	Data     []byte // of the attachment, gzipped XML
	Domain   string // what the report is about
	ReportID string
}

// A Sender makes the reports of a day and has them sent.
type Sender struct {
	// Domain names the server that reports, Organization its operator, Email
	// the address for questions, and Contact other ways to ask. The first three
	// are required.
	Domain, Organization, Email, Contact string
	// Send mails a report; it is required. When it returns an error that is not
	// ErrRefused, the next Run tries again. It must obey ctx.
	Send func(ctx context.Context, m Mail) error
	// Exclude names addresses, and domains of addresses, to which nothing is
	// sent.
	Exclude []string
	// Run rests for Pause after each Batch reports that were sent; 0 means that
	// it never does.
	Batch int
	Pause time.Duration

	Store    storage.KV
	Resolver resolver.Resolver
	// Unverified sends to addresses of other organizations without asking DNS
	// whether they want reports. Set it in tests only.
	Unverified bool
}

// A Summary is what one run did.
type Summary struct {
	Sent    int // reports handed to Send with success
	Failed  int // reports that Send refused, or DNS did not answer for
	Skipped int // addresses that need no report: they don't want it, can't take it, or are excluded
	Busy    int // policies whose report another Sender makes
}

var errSettings = errors.New("dmarcreport: Sender needs Domain, Organization, Email, Send, Store and Resolver")

// Run sends the reports of the day (UTC) that t is in. The day should be over
// for an hour, so that no scan still notes messages of it. The error joins
// what went wrong; reports that were not sent are kept for the next run.
func (s *Sender) Run(ctx context.Context, t time.Time) (Summary, error) {
	var sum Summary
	if !s.complete() {
		return sum, errSettings
	}
	l := ledger{store: s.Store, day: t.UTC().Truncate(24 * time.Hour)}
	n, err := l.policies(ctx)
	var errs []error
	for i := 1; i <= n && err == nil; i++ {
		if err = ctx.Err(); err != nil {
			break
		}
		if e := s.one(ctx, l, i, &sum); e != nil && len(errs) < maxErrors {
			errs = append(errs, e)
		}
	}
	return sum, errors.Join(append(errs, err)...)
}

func (s *Sender) complete() bool {
	return s.Domain != "" && s.Organization != "" && s.Email != "" && s.Send != nil && s.Store != nil && s.Resolver != nil
}

// one sends the report of the i-th policy.
func (s *Sender) one(ctx context.Context, l ledger, i int, sum *Summary) error {
	lock := l.key("lock", fmt.Sprint(i))
	holder, err := s.Store.Add(ctx, lock, []byte{1}, lockTime)
	if err != nil {
		return err
	}
	if holder != nil {
		sum.Busy++
		return nil
	}
	defer s.Store.Delete(context.WithoutCancel(ctx), lock)
	e, id, err := l.policy(ctx, i)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, keys, err := l.rows(ctx, i, id)
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		// Rows that come after the report is sent make another one.
		if err := s.send(ctx, l, i, e, fmt.Sprintf("%s.%d", id, i), rows, sum); err != nil {
			return fmt.Errorf("report about %s: %w", e.Policy.Domain, err)
		}
	}
	// Sent reports are deleted even when ctx ended meanwhile.
	return s.Store.Delete(context.WithoutCancel(ctx), keys...)
}

// send hands a report with an ID of its own to Send for each address that has not got it yet, and
// notes each that has. Without error no address needs it any more.
func (s *Sender) send(ctx context.Context, l ledger, i int, e entry, id string, rows []counted, sum *Summary) error {
	end := l.day.Add(24*time.Hour - time.Second)
	meta := Metadata{
		Organization: s.Organization, Email: s.Email, Contact: s.Contact, Begin: l.day, End: end,
		ReportID: fmt.Sprintf("%d.%s@%s", l.day.Unix(), id, s.Domain),
	}
	data, err := compress(meta, e.Policy, rows)
	if err != nil {
		return err
	}
	m := Mail{
		Subject: "Report Domain: " + e.Policy.Domain + " Submitter: " + s.Domain + " Report-ID: <" + meta.ReportID + ">",
		Text: "This is a DMARC aggregate report about " + e.Policy.Domain + " by " + s.Organization + " for " +
			l.day.Format(time.DateOnly) + " (UTC).\r\nQuestions: " + s.Email + "\r\n",
		Filename: fmt.Sprintf("%s!%s!%d!%d!%s.xml.gz", s.Domain, e.Policy.Domain, l.day.Unix(), end.Unix(), id),
		Data:     data, Domain: e.Policy.Domain, ReportID: meta.ReportID,
	}
	var errs []error
	recipients := 0
	for _, u := range e.Policy.Aggregate {
		address, ok := mailbox(u)
		if !ok || u.MaxBytes > 0 && int64(len(data)) > u.MaxBytes || recipients == maxRecipients {
			sum.Skipped++
			continue
		}
		recipients++
		if slices.Contains(e.Done, address) {
			continue
		}
		if err := s.deliver(ctx, m, address, sum); err != nil {
			sum.Failed++
			errs = append(errs, err)
			continue
		}
		e.Done = append(e.Done, address)
		if err := l.put(context.WithoutCancel(ctx), i, e); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// deliver sends to one address if it wants reports.
func (s *Sender) deliver(ctx context.Context, m Mail, address string, sum *Summary) error {
	m.To = address
	if s.excluded(address) {
		sum.Skipped++
		return nil
	}
	if !s.Unverified {
		to, ok, err := permitted(ctx, s.Resolver, m.Domain, address)
		if err != nil {
			return err
		}
		if !ok {
			sum.Skipped++
			return nil
		}
		m.To = to
	}
	switch err := s.Send(ctx, m); {
	case errors.Is(err, ErrRefused):
		sum.Skipped++
		return nil
	case err != nil:
		return err
	}
	sum.Sent++
	if s.Batch > 0 && sum.Sent%s.Batch == 0 {
		s.rest(ctx)
	}
	return nil
}

// rest waits until the next batch may begin, or ctx ends.
func (s *Sender) rest(ctx context.Context) {
	timer := time.NewTimer(s.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (s *Sender) excluded(address string) bool {
	return slices.ContainsFunc(s.Exclude, func(name string) bool {
		if strings.Contains(name, "@") {
			return mail.AddressKey(name) == mail.AddressKey(address)
		}
		return mail.DomainKey(name) == domainOf(address)
	})
}

// start sends in the background what is left of the two days before.
func (s *Sender) start(ctx context.Context, env *checks.Env) {
	env.Go("dmarc_report", func() {
		timer := time.NewTimer(soon)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			timer.Reset(interval)
			over := env.Now().UTC().Add(-time.Hour).Truncate(24 * time.Hour)
			for days := range 2 {
				sum, err := s.Run(ctx, over.AddDate(0, 0, -1-days))
				env.Log.Debug("DMARC reports", "sent", sum.Sent, "failed", sum.Failed, "skipped", sum.Skipped, "error", err)
			}
		}
	})
}
