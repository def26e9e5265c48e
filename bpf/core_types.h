/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few kernel structs we read, cut down to the fields we read. preserve_access_index makes the
 * loader find each field's real place in the running kernel's BTF, so order and gaps do not
 * matter here. A struct that changed its shape over time has flavours (name___suffix), each with
 * the kernel version that forced it; code chooses by bpf_core_field_exists, never by version.
 */
#pragma once

#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct ns_common {
	unsigned int inum;
};

/* ip_local_port_range: two ints up to 6.7, one u32 (last << 16 | first) from 6.8. */
struct local_ports___pair {
	int range[2];
};

struct netns_ipv4___pair {
	struct local_ports___pair ip_local_ports;
};

struct net___pair {
	struct netns_ipv4___pair ipv4;
};

struct local_ports___word {
	__u32 range;
};

struct netns_ipv4___word {
	struct local_ports___word ip_local_ports;
};

struct net___word {
	struct netns_ipv4___word ipv4;
};

/* A number that no other namespace ever has: kept from the start from 5.12 on; before, it is an
 * atomic64_t and 0 until somebody asks. */
struct net___cookie {
	__u64 net_cookie;
};

/* The random number that older ones tell theirs apart by; from 5.1. */
struct net___mix {
	__u32 hash_mix;
};

struct hlist_nulls_node {
	struct hlist_nulls_node *next;
};

struct hlist_nulls_head {
	struct hlist_nulls_node *first;
};

struct inet_ehash_bucket {
	struct hlist_nulls_head chain;
};

struct inet_hashinfo {
	struct inet_ehash_bucket *ehash;
	unsigned int ehash_mask;
};

struct inet_timewait_death_row {
	struct inet_hashinfo *hashinfo;
};

/* tcp_death_row: embedded, except where fbb8295248e1 made it a pointer (5.18) until
 * e9bd0cca09d1 took that back (6.1). */
struct netns_ipv4 {
	struct inet_timewait_death_row tcp_death_row;
	unsigned long *sysctl_local_reserved_ports;
};

struct netns_ipv4___pointer {
	struct inet_timewait_death_row *tcp_death_row;
};

struct net___pointer {
	struct netns_ipv4___pointer ipv4;
};

struct net {
	struct ns_common ns;
	struct netns_ipv4 ipv4;
};

typedef struct {
	struct net *net;
} possible_net_t;

typedef struct {
	unsigned int val;
} kuid_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	unsigned int skc_hash;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct hlist_nulls_node skc_nulls_node;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	/* A bit field up to 6.11, a byte from 6.12: read with BPF_CORE_READ_BITFIELD_PROBED. */
	__u8 sk_userlocks;
	__u8 sk_kern_sock : 1;
	__u16 sk_type;
	__u16 sk_protocol; /* 262 for MPTCP: never store it in a byte unchecked */
	int sk_err;
	__u32 sk_max_ack_backlog;
	kuid_t sk_uid;
};

struct socket {
	struct sock *sk;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

/* IP_LOCAL_PORT_RANGE: two u16 when it came (6.3), one u32 (last << 16 | first) from 6.8. */
struct inet_sock___range_pair {
	struct {
		__u16 lo;
		__u16 hi;
	} local_port_range;
};

struct inet_sock___range_word {
	__u32 local_port_range;
};

/* With these fields a port is free for connect() as soon as its last binder leaves; from 6.17. */
struct inet_bind2_bucket {
	signed char fastreuse;
};

struct inet_bind_bucket {
	int l3mdev;
	signed char fastreuse;
	signed char fastreuseport;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct inet_bind_bucket *icsk_bind_hash;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	bool is_mptcp; /* a subflow: made by the kernel, for a process */
};

/* The socket of an MPTCP connection; its ports are those of its subflows. From 5.11 in BTF. */
struct mptcp_sock {
	struct sock *first;
};

struct udp_sock {
	struct inet_sock inet;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;
	volatile unsigned char tw_substate;
	struct inet_bind_bucket *tw_tb;
};

/* The 2025 change that tells connect()-bound remnants apart; there from 6.17. */
struct inet_timewait_sock___connect_bind {
	unsigned int tw_connect_bind : 1;
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
	int tw_ts_recent_stamp;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct css_set *cgroups;
	const struct cred *cred;
	char comm[16];
};

struct cred {
	kuid_t uid;
};

struct inode {
	unsigned short i_mode;
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct seq_file;
struct bpf_map;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	unsigned int uid;
};

struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
	unsigned int uid;
	int bucket;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

#pragma clang attribute pop

/* Macros and enums of the kernel that BTF does not carry, with the header they stand in. */
#define AF_INET 2             /* linux/socket.h */
#define AF_INET6 10           /* linux/socket.h */
#define SOCK_STREAM 1         /* linux/net.h */
#define SOCK_DGRAM 2          /* linux/net.h */
#define SOCK_BINDPORT_LOCK 8  /* net/sock.h: the user named the port */
#define SOCK_CONNECT_BIND 16  /* net/sock.h, from 6.17: connect() chose the port */
#define PF_KTHREAD 0x00200000 /* linux/sched.h */
#define S_IFMT 00170000       /* linux/stat.h */
#define S_IFSOCK 0140000      /* linux/stat.h */

/* net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT2 = 5,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_LISTEN = 10,
	TCP_CLOSING = 11,
	TCP_NEW_SYN_RECV = 12,
};
