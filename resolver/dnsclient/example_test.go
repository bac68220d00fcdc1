package dnsclient_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/dnsclient"
)

// A Client of a resolver on the same host, and what it says about a question that
// needs no server: no such name can exist.
func Example() {
	client, err := dnsclient.New(dnsclient.Options{
		Servers: []string{"127.0.0.1"}, // nil or "system": those of /etc/resolv.conf
		Observe: func(e dnsclient.Exchange) { /* count e.Rcode, time e.Duration */ },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	_, err = client.Lookup(context.Background(), "a..example", resolver.TypeTXT)
	fmt.Println(resolver.IsNotFound(err), err)
	fmt.Println(resolver.Reverse(netip.MustParseAddr("192.0.2.1")), client.Stats().Queries)
	// Output:
	// true lookup a..example TXT: nxdomain: this is no domain name
	// 1.2.0.192.in-addr.arpa 0
}
