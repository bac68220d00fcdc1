package mail

import "testing"

// MailMarshal says between the parentheses that it has no name for an address.
func TestReceivedNotVerified(t *testing.T) {
	for value, want := range map[string]string{
		"from gate.example.net (Not Verified[192.0.2.13]) by mx.example.org (using TLS: TLSv1.2, DES-CBC3-SHA) id <B5>; Tue, 3 Nov 2026 10:57:03 +0000": "192.0.2.13",
		"from pc (not verified [2001:db8::5]) by mx.example.org with SMTP; Tue, 3 Nov 2026 10:57:03 +0000":                                              "2001:db8::5",
		"from x (Not Verified[198.51.100.1]) (b.example [192.0.2.14]) by mx.example.org with SMTP; Tue, 3 Nov 2026 10:57:03 +0000":                      "192.0.2.14",
		"from x (so not verified[192.0.2.15]) by mx.example.org with SMTP; Tue, 3 Nov 2026 10:57:03 +0000":                                              "invalid IP",
	} {
		r := ParseReceived(value)
		if r.Seen.IP.String() != want || r.Seen.Name != "" && r.Seen.Name != "b.example" {
			t.Errorf("%q: %+v", value, r.Seen)
		}
	}
}
