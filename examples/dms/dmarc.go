package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-smtp"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/dmarcreport"
	"github.com/winnowmail/winnow/storage"
)

// Reports go out at the pace of Rspamd's dmarc_report: ten, then a moment's rest.
const (
	reportBatch   = 10
	reportPause   = 5 * time.Second
	reportTimeout = time.Minute // for one message
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
	for name := range strings.SplitSeq(d.exclude, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		sender.Exclude = append(sender.Exclude, name)
		if !strings.Contains(name, "@") {
			o.Exclude = append(o.Exclude, name)
		}
	}
	return dmarcreport.After(o)
}

// send hands a report to the relay.
func (d *dmarcFlags) send(ctx context.Context, m dmarcreport.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	var message bytes.Buffer
	if err := m.WriteMessage(&message, d.email, d.organization, time.Now()); err != nil {
		return err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", d.relay)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client := smtp.NewClient(conn)
	host, _ := os.Hostname()
	if err := client.Hello(cmp.Or(host, "localhost")); err != nil {
		return err
	}
	if err := client.Mail(d.email, &smtp.MailOptions{UTF8: !ascii(d.email + m.To)}); err != nil {
		return err
	}
	if err := transfer(client, m.To, message.Bytes()); err != nil {
		if reply, ok := errors.AsType[*smtp.SMTPError](err); ok && reply.Code/100 == 5 {
			return fmt.Errorf("%w: %s", dmarcreport.ErrRefused, reply.Message)
		}
		return err
	}
	_ = client.Quit() // the report is taken
	return nil
}

// transfer does the part of the dialogue in which the relay may refuse the
// recipient or the report for good.
func transfer(client *smtp.Client, to string, message []byte) error {
	if err := client.Rcpt(to, nil); err != nil {
		return err
	}
	data, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(message); err != nil {
		return err
	}
	return data.Close()
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
