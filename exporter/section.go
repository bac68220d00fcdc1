package exporter

import (
	"net"
	"strconv"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section metadata_exporter. What it says for all
// rules has to stand before them.
func (o *Options) Section() *option.Section {
	preset := &Rule{MailTo: []string{"postmaster@localhost"}}
	s := &option.Section{
		Name: "metadata_exporter", Doc: "tells other services about messages",
		Keys: append(common(preset), option.Each("rules", func(name string) *option.Section { return o.rule(name, preset) }, "what is sent where, by name")),
	}
	lua := "it is Lua: give Options a function in Go"
	s.Keys = append(s.Keys, option.Without(lua, "select", "format", "push", "custom_select", "custom_format", "custom_push")...)
	s.Keys = append(s.Keys, option.Without("write a rule", "pusher_enabled", "pusher_format", "pusher_select", "url", "channel", "smtp", "smtp_port", "host", "port", "selector", "formatter")...)
	s.Keys = append(s.Keys, absent()...)
	return s
}

// absent are Rspamd's keys that there are not here.
func absent() []option.Key {
	return append(
		option.Without("the verdict is given before anything is sent", "defer"),
		option.Without("connections are kept and bounded by timeout", "keepalive", "connect_timeout", "ssl_timeout", "write_timeout", "read_timeout")...,
	)
}

// common are the keys that stand for all rules, or in one.
func common(r *Rule) []option.Key {
	return append([]option.Key{
		option.String("mail_from", &r.MailFrom, "sender of alerts"),
		option.Strings("mail_to", &r.MailTo, "recipients of alerts").Example([]string{"ops@example.org"}),
		option.String("helo", &r.Helo, "name that the mail server is told").Or("rspamd"),
		option.String("email_template", &r.Template, "text of alerts, with $names"),
		option.String("mime_type", &r.MIMEType, "type of what is sent over HTTP").Or("text/plain"),
		option.Duration("timeout", &r.Timeout, "time for one delivery").Or(DefaultTimeout),
		option.Bool("gzip", &r.Gzip, "compress what is sent over HTTP"),
	}, option.Without("certificates are checked", "no_ssl_verify")...)
}

// rule is the table of one rule.
func (o *Options) rule(name string, preset *Rule) *option.Section {
	r := *preset
	r.Name = name
	var host, smtp string
	smtpPort, port := 25, 0
	keys := append(common(&r),
		option.String("backend", &r.Backend, "http, send_mail, redis_pubsub or json_raw_tcp").Example("json_raw_tcp"),
		option.String("selector", &r.Selector, "which messages").Or("default"),
		option.String("formatter", &r.Formatter, "what is told about them").Or("default"),
		option.String("url", &r.URL, "where HTTP sends to"),
		option.String("user", &r.User, "who sends over HTTP"),
		option.String("password", &r.Password, "the sender's password"),
		option.Bool("meta_headers", &r.MetaHeaders, "tell in fields of HTTP, too"),
		option.String("meta_header_prefix", &r.MetaPrefix, "their beginning").Or("X-Rspamd-"),
		option.String("smtp", &smtp, "mail server of send_mail").Example("mail.example.org"),
		option.Int("smtp_port", &smtpPort, "its port"),
		option.String("host", &host, "server of json_raw_tcp").Example("log.example.org"),
		option.Int("port", &port, "its port"),
		option.String("channel", &r.Channel, "channel of redis_pubsub"),
		option.Bool("email_alert_sender", &r.AlertSender, "alert the sender, too"),
		option.Bool("email_alert_user", &r.AlertUser, "alert the user, too"),
		option.Bool("email_alert_recipients", &r.AlertRecipients, "alert the recipients, too"),
	)
	keys = append(keys, absent()...)
	keys = append(keys, option.Without("Redis streams are not written", "stream_key", "max_len", "per_recipient")...)
	keys = append(keys, option.Without("msgpack is not written", "zstd_compress")...)
	return &option.Section{
		Name: name, Doc: "tells one service", Keys: keys, Example: map[string]any{"backend": "http"},
		Use: func() error {
			switch {
			case r.Backend == "json_raw_tcp":
				r.Server = net.JoinHostPort(host, strconv.Itoa(port))
			case smtp != "":
				r.Server = net.JoinHostPort(smtp, strconv.Itoa(smtpPort))
			}
			o.Rules = append(o.Rules, r)
			return nil
		},
	}
}
