package controller_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/controller"
)

// A program serves Rspamd's protocol on its own HTTP server. A client posts a
// message with the envelope in headers, as rspamc does.
func ExampleNew() {
	ctx := context.Background()
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)
	handler, err := controller.New(controller.Options{Scanner: scanner})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/checkv2", strings.NewReader("Subject: offer\r\n\r\n"+
		"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"))
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("From", "ann@example.org")
	req.Header.Set("Rcpt", "bob@example.net")
	resp, err := server.Client().Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var reply struct{ Action string }
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, reply.Action)
	// Output:
	// 200 OK reject
}
