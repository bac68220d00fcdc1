package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/winnowmail/winnow/config/dms"
)

const setupUsage = `usage: dms setup [-json]

Reads docker-mailserver's environment variables and says what they come to:
warnings, what the daemon does with -env, and what belongs into the
configuration of Postfix and Dovecot.
`

//go:embed setup_learn.txt
var setupLearn string

// setup is "dms setup"; it returns the exit code.
func setup(_ context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dms setup", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print the settings as JSON")
	if code, done := parseFlags(flags, args, setupUsage, stdout, stderr); done {
		return code
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "dms setup: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	var err error
	s := dms.Read(os.LookupEnv, os.ReadFile)
	if *asJSON {
		out := json.NewEncoder(stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		err = out.Encode(s)
	} else {
		for _, w := range s.Warnings {
			fmt.Fprintf(stderr, "dms setup: warning: %s\n", w)
		}
		_, err = io.WriteString(stdout, daemonText(s)+sieveText(s.Sieve))
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms setup: %v\n", err)
		return 1
	}
	return 0
}

// daemonText says what the daemon does and what Postfix needs.
func daemonText(s dms.Settings) string {
	if !s.Enabled {
		return "The spam filter is off: ENABLE_RSPAMD is not 1.\n\n"
	}
	text := fmt.Sprintf("# The daemon, with -env\nreject from %g, add header from %g, greylist from %g\non:  %s\noff: %s\n",
		s.Actions["reject"], s.Actions["add_header"], s.Actions["greylist"], strings.Join(s.Modules.On, " "), strings.Join(s.Modules.Off, " "))
	if s.CheckAuthenticated {
		text += "Mail of users who logged in is checked as any other.\n"
	} else {
		text += "Of mail of users who logged in only DKIM is checked, and it is signed.\n"
	}
	if s.Redis == nil {
		text += "Nothing is kept: give the daemon -state, or ENABLE_RSPAMD_REDIS=1.\n"
	}
	return text + `
# Postfix, main.cf
smtpd_milters = inet:127.0.0.1:11332
non_smtpd_milters = $smtpd_milters
milter_default_action = tempfail
milter_protocol = 6

`
}

// sieveText is what Dovecot needs.
func sieveText(s dms.Sieve) string {
	text := `# Dovecot: a Sieve script that runs before those of users. It needs the
# extensions editheader and special-use: sieve_extensions = +editheader
# +special-use in Dovecot 2.3, a block with editheader = yes in 2.4.
require ["fileinto", "special-use", "imap4flags", "editheader", "variables"];
if header :contains "X-Spam" "Yes" {
`
	if s.SubjectPrefix != "" {
		text += `  if header :matches "Subject" "*" {
    set "subject" "${1}";
  }
  deleteheader "Subject";
  addheader :last "Subject" "` + sieveString(s.SubjectPrefix) + `${subject}";
`
	}
	if s.MarkRead {
		text += `  addflag "\\Seen";` + "\n"
	}
	if s.Junk {
		text += `  fileinto :specialuse "\\Junk" "Junk";` + "\n"
	}
	text += "}\n"
	if s.LearnOnMove {
		text += "\n" + setupLearn
	}
	return text
}

// sieveString makes a text fit between Sieve's quotes (RFC 5228 section 2.4.2).
func sieveString(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", " ").Replace(s)
}
