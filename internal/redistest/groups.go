package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// slots is how many hash slots a Cluster has.
const slots = 16384

// Cluster starts a Cluster of n masters, each with an equal share of the slots.
func Cluster(t testing.TB, n int, settings ...string) []*Server {
	t.Helper()
	nodes := make([]*Server, n)
	for i := range nodes {
		nodes[i] = startNode(t, settings...)
		nodes[i].Must("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(slots*i/n), strconv.Itoa(slots*(i+1)/n-1))
		nodes[i].Must("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		if i > 0 {
			host, port, _ := net.SplitHostPort(nodes[0].Addr)
			nodes[i].Must("CLUSTER", "MEET", host, port, nodes[0].bus())
		}
	}
	for _, node := range nodes {
		node.Await("cluster_state:ok", "CLUSTER", "INFO")
		node.Await("cluster_slots_ok:16384", "CLUSTER", "INFO")
		node.Await(fmt.Sprintf("cluster_known_nodes:%d", n), "CLUSTER", "INFO")
	}
	return nodes
}

// AddReplica starts a replica of the i-th master of a Cluster, which takes its
// place when it is lost.
func AddReplica(t testing.TB, nodes []*Server, i int) *Server {
	t.Helper()
	replica := startNode(t)
	host, port, _ := net.SplitHostPort(nodes[i].Addr)
	replica.Must("CLUSTER", "MEET", host, port, nodes[i].bus())
	replica.Await(fmt.Sprintf("cluster_known_nodes:%d", len(nodes)+1), "CLUSTER", "INFO")
	Await(t, "the replica knows its master", func() bool {
		_, err := replica.Do("CLUSTER", "REPLICATE", nodes[i].Must("CLUSTER", "MYID"))
		return err == nil
	})
	replica.Await("master_link_status:up", "INFO", "replication")
	for _, node := range nodes {
		node.Await(fmt.Sprintf("cluster_known_nodes:%d", len(nodes)+1), "CLUSTER", "INFO")
	}
	return replica
}

func startNode(t testing.TB, settings ...string) *Server {
	t.Helper()
	_, bus, _ := net.SplitHostPort(FreeAddr(t))
	return Start(t, append([]string{
		"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", bus,
		"--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0",
		"--repl-diskless-sync-delay", "0",
	}, settings...)...)
}

// bus returns the port that the nodes of a Cluster talk on.
func (s *Server) bus() string {
	for i, a := range s.args {
		if a == "--cluster-port" {
			return s.args[i+1]
		}
	}
	return ""
}

// A Group is a master and a replica that a Sentinel watches over under the name
// "mymaster". It replaces the master when it is told to, and not because a busy
// machine let a server answer late.
type Group struct {
	Master, Replica, Sentinel *Server
}

// Sentinel starts a Group; the settings are those of both servers.
func Sentinel(t testing.TB, settings ...string) *Group {
	t.Helper()
	settings = append(settings, "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
	g := &Group{Master: Start(t, settings...)}
	host, port, _ := net.SplitHostPort(g.Master.Addr)
	g.Replica = Start(t, append(settings, "--replicaof", host, port)...)
	g.Replica.Await("master_link_status:up", "INFO", "replication")
	// The master sends nothing to a replica that has not told how far it is.
	Await(t, "the replica tells how far it is", func() bool {
		_, state, ok := strings.Cut(g.Master.Must("INFO", "replication"), "state=online,offset=")
		return ok && state[0] != '0'
	})
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	addr := FreeAddr(t)
	_, own, _ := net.SplitHostPort(addr)
	text := strings.Join([]string{
		"port " + own, "bind 127.0.0.1", "dir " + dir, "logfile " + filepath.Join(dir, "log"),
		"sentinel monitor mymaster " + host + " " + port + " 1",
		"sentinel down-after-milliseconds mymaster 600000",
		"sentinel failover-timeout mymaster 60000", "",
	}, "\n")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	g.Sentinel = &Server{t: t, Addr: addr, Dir: dir, program: "redis-sentinel", args: []string{conf}}
	g.Sentinel.start()
	g.Sentinel.Await("slaves=1", "INFO", "sentinel")
	return g
}

// Failover has the replica take the master's place, whether that is there or not.
func (g *Group) Failover() {
	g.Sentinel.t.Helper()
	g.Sentinel.Await("OK", "SENTINEL", "FAILOVER", "mymaster") // when it knows the replica well enough
	g.Replica.Await("role:master", "INFO", "replication")
}
