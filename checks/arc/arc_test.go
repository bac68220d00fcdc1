package arc

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) {
	checktest.Run(t, Checks(Options{TrustedSealers: []string{"list.example.net", "Hub.example.net"}}))
}
