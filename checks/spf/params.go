package spf

import (
	"net/netip"
	"time"
)

// Params says what to evaluate.
type Params struct {
	// IP is the SMTP client. An IPv4-mapped address counts as IPv4.
	IP netip.Addr
	// Helo is the HELO or EHLO name. It is evaluated for the null sender.
	Helo string
	// MailFrom is the envelope sender without angle brackets; "" is the null
	// sender. If it has no local part, "postmaster" is taken.
	MailFrom string
	// Receiver is the name of the receiving host, for the macro %{r}; ""
	// means "unknown".
	Receiver string
	// Now is the time for the macro %{t}; zero means time.Now().
	Now time.Time
	// Tolerant takes records as Rspamd 4.1.6 does; see the package comment.
	Tolerant bool
	// OneLabel evaluates domains of one label too, which RFC 7208 does not
	// want (section 4.3) but a private DNS may have. Tolerant includes it.
	OneLabel bool
	// NoExplanation spares the question for the text of exp=.
	NoExplanation bool
	Limits        Limits
}

// Limits bounds an evaluation. Going beyond one is a permerror.
type Limits struct {
	// Lookups is how many terms that ask DNS may be evaluated; 0 means 10 as
	// RFC 7208 section 4.6.4 says, with Params.Tolerant 30.
	Lookups int
	// Voids is how many of them may find nothing; 0 means 2. There is no such
	// limit if it is negative, or 0 with Params.Tolerant.
	Voids int
	// Nesting is how deep include and redirect may go; 0 means 10.
	Nesting int
	// Hosts is how many names a mechanism mx may have, and how many of the
	// client's names ptr and %{p} look at; 0 means 10.
	Hosts int
}

func (l Limits) withDefaults(tolerant bool) Limits {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&l.Nesting, 10)
	set(&l.Hosts, 10)
	if tolerant {
		set(&l.Lookups, 30)
		set(&l.Voids, -1)
	}
	set(&l.Lookups, 10)
	set(&l.Voids, 2)
	return l
}
