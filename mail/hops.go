package mail

import "net/netip"

// Hops returns the chain with the artificial first hop that stands for the
// SMTP client when the envelope knows its IP and the newest header does not
// tell of the same one, as Rspamd's get_received. Headers that name neither
// "from" nor "by" are left out.
func (m *Message) Hops() []Received {
	l := &m.lazyReceived
	l.hopsOnce.Do(func() { l.hops = m.readHops() })
	return l.hops
}

func (m *Message) readHops() []Received {
	received := m.Received()
	hops := make([]Received, 1, len(received)+1) // [0] is for the artificial one
	for i := range received {
		if received[i].readable {
			hops = append(hops, received[i])
		}
	}
	if len(hops) == 1 {
		return nil
	}
	client := m.env.ClientIP
	if top := hops[1].Addr(); client.IsValid() && client.Unmap() != top.Unmap() {
		hops[0] = m.artificialHop()
		return hops
	}
	return hops[1:]
}

func (m *Message) artificialHop() Received {
	return Received{
		Seen:          Seen{IP: m.env.ClientIP, Name: m.env.ClientName},
		Said:          Said{Helo: m.env.Helo},
		By:            m.env.MTAName,
		TLS:           m.env.TLS != TLS{},
		Authenticated: m.env.User != "",
		Artificial:    true,
	}
}

// Client returns the SMTP client's address and name: the envelope's, or, when
// nothing is known about the connection, those of the newest Received header.
func (m *Message) Client() (ip netip.Addr, name string) {
	if m.env.ClientIP.IsValid() {
		return m.env.ClientIP, m.env.ClientName
	}
	name = m.env.ClientName
	if hops := m.Hops(); len(hops) > 0 && hops[0].Seen.IP.IsValid() {
		ip = hops[0].Seen.IP
		if name == "" && !hops[0].Seen.Unverified {
			name = hops[0].Seen.Name
		}
	}
	return ip, name
}
