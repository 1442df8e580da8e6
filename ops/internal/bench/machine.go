package bench

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"tvilling/protocol/admin"
)

// ticksPerSecond is the unit of CPU time in /proc, the same on every Linux.
const ticksPerSecond = 100

// Machine is what the figures were measured on.
type Machine struct {
	Cores     int     `json:"cores"`
	System    string  `json:"system"`
	Go        string  `json:"go"`
	LoadAfter string  `json:"load_average"` // beside us, when the last section had ended
	SyncP50   float64 `json:"sync_p50_ms"`  // 4 KiB appended and synced
	SyncP99   float64 `json:"sync_p99_ms"`
}

// Usage is what a window cost: CPU seconds of each process, and what came into the log.
type Usage struct {
	Nodes   map[string]float64 `json:"node_cpu_s"`
	Driver  float64            `json:"driver_cpu_s"`
	Others  float64            `json:"others_cpu_s"` // everything else on the machine, the kernel's own work included
	Idle    float64            `json:"idle_cpu_s"`
	Entries uint64             `json:"log_entries"` // each is one append, of two syncs, on every node
	Written map[string]int64   `json:"node_bytes_written"`
	Leader  string             `json:"leader"`
}

// nodes is the CPU of all five.
func (u Usage) nodes() (sum float64) {
	for _, s := range u.Nodes {
		sum += s
	}
	return sum
}

// counters are what Usage is the difference of.
type counters struct {
	nodes        map[string]float64
	written      map[string]int64
	driver       float64
	busy, idle   float64
	appliedIndex uint64
	leader       string
}

// snapshot reads the counters. What cannot be read is zero: it is said in the report
// by the figures being zero, and no reason not to measure.
func (b *bench) snapshot(ctx context.Context) counters {
	c := counters{nodes: map[string]float64{}, written: map[string]int64{}}
	if s, err := b.cluster.Operator().Status(ctx, ""); err == nil {
		c.leader = s.Leader
		for _, m := range s.Members {
			c.appliedIndex = max(c.appliedIndex, m.AppliedIndex)
		}
	}
	for _, m := range b.cluster.Topology().Members {
		pid := b.cluster.PID(m.ID)
		c.nodes[m.ID], c.written[m.ID] = cpuOf(pid), writtenBy(pid)
	}
	c.driver = cpuOf(os.Getpid())
	c.busy, c.idle = cpuOfMachine()
	return c
}

func (c counters) since(before counters) Usage {
	u := Usage{Nodes: map[string]float64{}, Written: map[string]int64{}, Leader: c.leader,
		Driver: c.driver - before.driver, Idle: c.idle - before.idle, Entries: c.appliedIndex - before.appliedIndex}
	for id := range c.nodes {
		u.Nodes[id] = c.nodes[id] - before.nodes[id]
		u.Written[id] = c.written[id] - before.written[id]
	}
	u.Others = max(0, c.busy-before.busy-u.nodes()-u.Driver)
	return u
}

// cpuOf is the CPU time, in seconds, that a process has used.
func cpuOf(pid int) float64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	return cpuIn(string(raw))
}

// cpuIn reads user and system time from a line of /proc/PID/stat. The second field, a
// name in parentheses, may hold anything; the times are the 12th and 13th after it.
func cpuIn(stat string) float64 {
	at := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[at+1:])
	if at < 0 || len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticksPerSecond
}

// writtenBy is how many bytes a process has caused to be written to disks.
func writtenBy(pid int) int64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "io"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if value, is := strings.CutPrefix(line, "write_bytes: "); is {
			n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n
		}
	}
	return 0
}

func cpuOfMachine() (busy, idle float64) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	return machineIn(line)
}

// machineIn reads the first line of /proc/stat: user, nice, system, idle, iowait, irq,
// softirq, steal; what follows is part of user.
func machineIn(line string) (busy, idle float64) {
	for i, text := range strings.Fields(line) {
		n, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil || i > 8:
		case i == 4 || i == 5:
			idle += n / ticksPerSecond
		default:
			busy += n / ticksPerSecond
		}
	}
	return busy, idle
}

// describe says what the machine is, and how long its disk takes to sync.
func describe(dir string) (Machine, error) {
	m := Machine{Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	took, err := syncs(dir, 200)
	m.SyncP50, m.SyncP99 = millis(quantile(took, 0.50)), millis(quantile(took, 0.99))
	return m, err
}

func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}

// syncs times appends of 4 KiB that are made durable one by one.
func syncs(dir string, n int) (took []time.Duration, err error) {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4<<10)
	for range n {
		started := time.Now()
		if _, err := f.Write(page); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(started))
	}
	return took, nil
}

// dataNodes are the members that serve browsers and sources.
func dataNodes(t admin.Topology) (all []admin.Node) {
	for _, m := range t.Members {
		if m.Role == admin.RoleData {
			all = append(all, m)
		}
	}
	return all
}
