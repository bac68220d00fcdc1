package dmarcreport_test

import (
	"context"
	"fmt"
	"time"

	"github.com/winnowmail/winnow/checks/dmarcreport"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
)

// A program sends the reports of yesterday. It gives the check the same store
// (winnow.Options.Store).
func ExampleSender_Run() {
	s := &dmarcreport.Sender{
		Domain: "mx.example.com", Organization: "Example", Email: "postmaster@example.com",
		Store: storage.NewMemory(storage.MemoryOptions{}), Resolver: resolver.None,
		Send: func(_ context.Context, m dmarcreport.Mail) error {
			fmt.Println("to", m.To, m.Filename)
			return nil // after the mail server took it
		},
	}
	sum, err := s.Run(context.Background(), time.Now().AddDate(0, 0, -1))
	fmt.Println(sum.Sent, err)
	// Output: 0 <nil>
}
