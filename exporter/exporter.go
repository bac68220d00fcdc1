// Package exporter tells other services about scanned messages: what was found,
// or the whole message, over HTTP, by mail, over TCP or on a channel of Redis. It
// is Rspamd 4.1.6's metadata_exporter.
//
//	e, err := exporter.New(exporter.Options{Rules: rules})
//	o.After = append(o.After, e.Afters()...)
//
// Each rule is a winnow.After with a queue of its own, so that a service that
// hangs holds up nothing else. What a rule sends comes after the verdict and can't
// change it. Of messages that nobody is to look at (winnow.Settings.NoLog), and of
// those that were not scanned, nothing is sent. Recipients with verdicts of their
// own are not told apart.
package exporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/internal/valid"
)

// DefaultTimeout bounds one delivery, as Rspamd's timeout.
const DefaultTimeout = 5 * time.Second

// A Publisher puts messages on channels: the store of package storage/redis.
type Publisher interface {
	Publish(ctx context.Context, channel string, message []byte) error
}

// A Selector chooses messages.
type Selector func(r *winnow.Result) bool

// A Formatter makes what is sent, nil for a message that is not to be sent.
type Formatter func(r *winnow.Result, rule *Rule) (*Payload, error)

// A Backend sends something.
type Backend func(ctx context.Context, rule *Rule, p *Payload) error

// A Payload is what is sent.
type Payload struct {
	Body []byte
	// Type is its media type, "" means the rule's.
	Type string
	// Header are fields that HTTP sends with it.
	Header http.Header
	// Rcpts are those of a mail.
	Rcpts []string
}

// Options configures New.
type Options struct {
	Rules []Rule
	// Client sends over HTTP; nil means one that follows no redirection.
	Client *http.Client
	// Publisher is needed by the backend redis_pubsub.
	Publisher Publisher
	// Selectors, Formatters and Backends add to those of Rspamd, by name.
	Selectors  map[string]Selector
	Formatters map[string]Formatter
	Backends   map[string]Backend
	// Hostname names this host in what is sent; "" means os.Hostname.
	Hostname string
}

// A Rule says what is sent about which messages, and where to.
type Rule struct {
	// Name names the After "export NAME".
	Name string
	// Backend is how: http, send_mail, redis_pubsub, json_raw_tcp or one of
	// Options.Backends.
	Backend string
	// Selector is which messages: default (all), is_spam, is_spam_authed,
	// is_reject, is_reject_authed, is_not_soft_reject or one of Options.Selectors.
	Selector string
	// Formatter is what: default (the message), json, json_with_message,
	// multipart, email_alert or one of Options.Formatters.
	Formatter string
	// Timeout bounds a delivery; 0 means DefaultTimeout.
	Timeout time.Duration

	// URL is where HTTP sends to, MIMEType the type of the body ("" means
	// text/plain), User and Password who sends.
	URL, MIMEType, User, Password string
	// MetaHeaders has HTTP tell what was found in fields, too: MetaPrefix ("" means
	// X-Rspamd-) and a name.
	MetaHeaders bool
	MetaPrefix  string
	// Gzip compresses the body.
	Gzip bool

	// Server is the mail server of send_mail, or whom json_raw_tcp sends to, as
	// HOST:PORT; Helo is the name that it is told, "" means "rspamd".
	Server, Helo string
	// MailFrom is the sender and MailTo are the recipients of alerts; those of
	// whom the message is may be added.
	MailFrom                                string
	MailTo                                  []string
	AlertSender, AlertUser, AlertRecipients bool
	// Template is the text of an alert, header and body; "" means Rspamd's.
	Template string

	// Channel is that of redis_pubsub.
	Channel string
}

// An Exporter sends by rules.
type Exporter struct {
	options    Options
	selectors  map[string]Selector
	formatters map[string]Formatter
	backends   map[string]Backend
}

// New makes an Exporter. The error joins all that is wrong.
func New(o Options) (*Exporter, error) {
	e := &Exporter{options: o, selectors: selectors(), backends: map[string]Backend{}}
	if e.options.Hostname == "" {
		e.options.Hostname, _ = os.Hostname() // without a name there is none to tell
	}
	if e.options.Client == nil {
		e.options.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	e.formatters = e.ownFormatters()
	e.backends = map[string]Backend{"http": e.http, "send_mail": e.mail, "json_raw_tcp": e.tcp, "redis_pubsub": e.publish}
	maps.Copy(e.selectors, o.Selectors)
	maps.Copy(e.formatters, o.Formatters)
	maps.Copy(e.backends, o.Backends)
	return e, e.validate()
}

func (e *Exporter) validate() error {
	v := valid.Of("metadata_exporter")
	for i, r := range e.options.Rules {
		at := func(field string) string { return valid.At("Rules", i) + "." + field }
		v.If(r.Name == "" || slices.ContainsFunc(e.options.Rules[:i], func(o Rule) bool { return o.Name == r.Name }), at("Name"), "%q is empty or there twice", r.Name)
		v.If(e.backends[r.Backend] == nil, at("Backend"), "%q is none of %v", r.Backend, slices.Sorted(maps.Keys(e.backends)))
		v.If(e.selectors[or(r.Selector, "default")] == nil, at("Selector"), "%q is none of %v", r.Selector, slices.Sorted(maps.Keys(e.selectors)))
		v.If(e.formatters[or(r.Formatter, "default")] == nil, at("Formatter"), "%q is none of %v", r.Formatter, slices.Sorted(maps.Keys(e.formatters)))
		v.If(r.Timeout < 0, at("Timeout"), "%v is negative", r.Timeout)
		switch r.Backend {
		case "http":
			_, err := parseURL(r.URL)
			v.If(err != nil, at("URL"), "%v", err)
		case "send_mail":
			v.If(!hostPort(r.Server), at("Server"), "%q is not HOST:PORT", r.Server)
			v.If(len(r.MailTo) == 0 && !r.AlertSender && !r.AlertUser && !r.AlertRecipients, at("MailTo"), "nobody")
		case "json_raw_tcp":
			v.If(!hostPort(r.Server), at("Server"), "%q is not HOST:PORT", r.Server)
		case "redis_pubsub":
			v.If(r.Channel == "", at("Channel"), "none")
			v.If(e.options.Publisher == nil, at("Backend"), "there is no Redis to publish with")
		}
	}
	return v.Err()
}

func or(s, preset string) string {
	if s == "" {
		return preset
	}
	return s
}

// Afters are the rules as elements of winnow.Options.After.
func (e *Exporter) Afters() []winnow.After {
	var list []winnow.After
	for i := range e.options.Rules {
		r := &e.options.Rules[i]
		timeout := r.Timeout
		if timeout == 0 {
			timeout = DefaultTimeout
		}
		list = append(list, winnow.After{
			Name: "export " + r.Name, Doc: "tells another service about the message (" + r.Backend + ")", Timeout: timeout,
			Run: func(ctx context.Context, res *winnow.Result) error { return e.run(ctx, r, res) },
		})
	}
	return list
}

// run exports one message by a rule. Errors name neither the address that was
// sent to nor what was sent: both may hold secrets.
func (e *Exporter) run(ctx context.Context, r *Rule, res *winnow.Result) error {
	if res.Skipped != "" || res.NoLog("") || !e.selectors[or(r.Selector, "default")](res) {
		return nil
	}
	p, err := e.formatters[or(r.Formatter, "default")](res, r)
	if err != nil || p == nil {
		return err
	}
	if r.MetaHeaders {
		if p.Header, err = e.fields(res, r); err != nil {
			return err
		}
	}
	if err := e.backends[r.Backend](ctx, r, p); err != nil {
		return fmt.Errorf("metadata_exporter: %s: %w", r.Name, err)
	}
	return nil
}

// errStatus is of replies that don't say that the service took it.
var errStatus = errors.New("the service did not take it")
