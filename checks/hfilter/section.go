package hfilter

import "github.com/winnowmail/winnow/checks/option"

// Section is the table of Rspamd's section hfilter.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "hfilter", Doc: "judges names that clients and senders have", Off: &o.Off,
		Keys: []option.Key{
			option.Not("helo_enabled", &o.NoHelo, "look at the name of HELO"),
			option.Not("hostname_enabled", &o.NoHostname, "look at the client's name"),
			option.Not("from_enabled", &o.NoSender, "look at the sender's domain"),
			option.Not("rcpt_enabled", &o.NoRecipients, "look at the number of recipients"),
			option.Not("url_enabled", &o.NoLinks, "look for messages that are nothing but a link"),
			option.Bool("mid_enabled", &o.MessageID, "look up the host of the Message-ID"),
			option.Bool("check_local", &o.CheckLocal, "also look at clients of the own networks"),
			option.Bool("check_authed", &o.CheckAuthenticated, "also look at users that logged in"),
		},
	}
}
