package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/dmarcreport"
	"github.com/winnowmail/winnow/storage"
)

// Reports go out at the pace of Rspamd's dmarc_report: ten, then a moment's rest.
const (
	reportBatch = 10
	reportPause = 5 * time.Second
)

// dmarcFlags are what -dmarc-reports and its companions say.
type dmarcFlags struct {
	email, organization, relay, exclude string
}

const dmarcCompanions = "dmarc-organization dmarc-relay dmarc-exclude"

func (d *dmarcFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&d.email, "dmarc-reports", "", "send DMARC's aggregate reports of each day (UTC) from this `address`; needs -state and -dns")
	flags.StringVar(&d.organization, "dmarc-organization", "", "`name` of the operator in the reports; by default the address's domain")
	flags.StringVar(&d.relay, "dmarc-relay", "127.0.0.1:25", "`HOST:PORT` of the mail server that takes the reports, without authentication")
	flags.StringVar(&d.exclude, "dmarc-exclude", "", "`DOMAIN,…` about which and to which nothing is reported; user@domain is only a recipient")
}

// validate returns what is wrong with the flags.
func (d *dmarcFlags) validate(c *config) error {
	if d.email == "" {
		return nil
	}
	if c.state == "" || c.dns == "none" {
		return errors.New("-dmarc-reports needs -state and -dns")
	}
	if local, domain, ok := strings.Cut(d.email, "@"); !ok || local == "" || domain == "" || strings.ContainsAny(d.email, " \t\r\n<>") {
		return fmt.Errorf("-dmarc-reports: %q is no address", d.email)
	}
	if _, _, err := net.SplitHostPort(d.relay); err != nil {
		return fmt.Errorf("-dmarc-relay: %w", err)
	}
	return nil
}

// after returns what notes and sends reports.
func (d *dmarcFlags) after(store storage.KV) winnow.After {
	_, domain, _ := strings.Cut(d.email, "@")
	sender := &dmarcreport.Sender{
		Domain: domain, Organization: cmp.Or(d.organization, domain), Email: d.email,
		Send: d.send, Batch: reportBatch, Pause: reportPause,
	}
	o := dmarcreport.Options{Store: store, Sender: sender}
	for _, name := range list(d.exclude) {
		sender.Exclude = append(sender.Exclude, name)
		if !strings.Contains(name, "@") {
			o.Exclude = append(o.Exclude, name)
		}
	}
	return dmarcreport.After(o)
}

// send hands a report to the relay.
func (d *dmarcFlags) send(ctx context.Context, m dmarcreport.Mail) error {
	var message bytes.Buffer
	if err := m.WriteMessage(&message, d.email, d.organization, time.Now()); err != nil {
		return err
	}
	err := submit(ctx, d.relay, d.email, []string{m.To}, message.Bytes())
	if errors.Is(err, errRefused) {
		return fmt.Errorf("%w: %w", dmarcreport.ErrRefused, err)
	}
	return err
}
