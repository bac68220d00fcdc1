package spf_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/resolver/zone"
)

// A mail server evaluates SPF at MAIL FROM, without a Scanner. It can hand the
// result to a scan later: checks.Seed(spf.Fact, r).
func ExampleEvaluate() {
	dns := zone.Must(`
		example.org      TXT "v=spf1 mx -all exp=why.example.org"
		example.org      MX  10 mx.example.org
		mx.example.org   A   192.0.2.1
		why.example.org  TXT "%{c} does not send for %{d}"`)
	p := spf.Params{
		IP:       netip.MustParseAddr("198.51.100.7"),
		Helo:     "mail.example.net",
		MailFrom: "ann@example.org",
		Receiver: "mx.example.com",
	}
	r := spf.Evaluate(context.Background(), dns, p)
	fmt.Println(r.Status, r.Mechanism)
	fmt.Println(r.Explanation)
	fmt.Println("Received-SPF:", r.ReceivedSPF(p))
	// Output:
	// fail -all
	// 198.51.100.7 does not send for example.org
	// Received-SPF: fail (mx.example.com: example.org does not permit 198.51.100.7 as sender \(-all\)) receiver=mx.example.com; client-ip=198.51.100.7; envelope-from="ann@example.org"; helo=mail.example.net; identity=mailfrom; mechanism=all
}
