-------------------------------- MODULE fleet --------------------------------
(*****************************************************************************)
(* How processes take a node id from etcd, give out ids, and lose it again.  *)
(*                                                                           *)
(* One node id. A process claims it at most once: one that claims again has  *)
(* a new token, and is another process here. A crash, or a pause, is a       *)
(* process that does nothing from some moment on, or for a while: any other  *)
(* step may come in between. A lease runs out whenever it likes. A request   *)
(* that was sent may arrive at any later time, more than once, or never; so  *)
(* may its answer. Clocks show anything.                                     *)
(*                                                                           *)
(* An answer that comes late tells a process nothing that it could not use   *)
(* as late when it comes at once. So it comes at once, or it is lost.        *)
(*****************************************************************************)
EXTENDS Naturals

CONSTANTS
  Processes,
  TimeMax,        \* times go from 0 to TimeMax
  Reserve,        \* how far past the first time a claim sets the mark
  RevisionMax,    \* how many writes etcd takes
  GuardRevisions, \* guard 1: a claim lands only on what was read
  GuardOwner,     \* guard 2: only the owner moves the mark
  GuardLater,     \* guard 3: an extension only moves it forward
  WaitForAnswer   \* the bound of a process moves only when etcd has answered

VARIABLES
  owner,      \* who has claimed the id last; None after a release
  ownerRevision,
  mark,
  markRevision,
  leased,     \* who is there by its lease, or None
  revision,   \* of all of etcd
  requests,   \* all that were ever sent
  phase,      \* of each process
  next,       \* the first time that a process has not used
  bound,      \* no id of a process has this time or a later one
  issued      \* <<process, time>> of each id

vars == <<owner, ownerRevision, mark, markRevision, leased, revision,
          requests, phase, next, bound, issued>>
etcd == <<owner, ownerRevision, mark, markRevision, leased, revision>>
process == <<phase, next, bound, issued>>

None == "none"
Times == 0..TimeMax
Max(a, b) == IF a > b THEN a ELSE b

Init ==
  /\ owner = None /\ ownerRevision = 0
  /\ mark = 0 /\ markRevision = 0
  /\ leased = None /\ revision = 0
  /\ requests = {}
  /\ phase = [p \in Processes |-> "new"]
  /\ next = [p \in Processes |-> 0]
  /\ bound = [p \in Processes |-> 0]
  /\ issued = {}

\* Without guard 3 a request that arrives again and again writes each time.
Write == revision < RevisionMax /\ revision' = revision + 1

Send(request) == requests' = requests \union {request}

(* ------------------------------ what processes do ------------------------ *)

\* Reads what is there, and asks for the id if nobody has it.
Claim(p) ==
  /\ phase[p] = "new"
  /\ leased = None
  /\ \E wall \in Times :
       LET first == Max(mark, wall)
       IN /\ first + Reserve <= TimeMax
          /\ Send([kind |-> "claim", by |-> p, first |-> first, mark |-> first + Reserve,
                   ownerRevision |-> ownerRevision, markRevision |-> markRevision])
  /\ phase' = [phase EXCEPT ![p] = "claiming"]
  /\ UNCHANGED <<etcd, next, bound, issued>>

Extend(p) ==
  /\ phase[p] = "running"
  /\ \E later \in Times :
       /\ later > bound[p]
       /\ Send([kind |-> "extend", by |-> p, first |-> 0, mark |-> later,
                ownerRevision |-> 0, markRevision |-> 0])
       /\ bound' = IF WaitForAnswer THEN bound ELSE [bound EXCEPT ![p] = later]
  /\ UNCHANGED <<etcd, phase, next, issued>>

\* Its lease has run out, and it is the owner as far as it knows.
Return(p) ==
  /\ phase[p] = "running"
  /\ Send([kind |-> "return", by |-> p, first |-> 0, mark |-> 0,
           ownerRevision |-> 0, markRevision |-> 0])
  /\ UNCHANGED <<etcd, process>>

\* Stops in order: gives out no more ids, and then hands the id back.
Release(p) ==
  /\ phase[p] = "running"
  /\ phase' = [phase EXCEPT ![p] = "stopped"]
  /\ Send([kind |-> "release", by |-> p, first |-> 0, mark |-> next[p],
           ownerRevision |-> 0, markRevision |-> 0])
  /\ UNCHANGED <<etcd, next, bound, issued>>

\* Also once it is fenced: it uses up what is below its bound.
Issue(p) ==
  /\ phase[p] \in {"running", "fenced"}
  /\ \E time \in Times :
       /\ time >= next[p] /\ time < bound[p]
       /\ issued' = issued \union {<<p, time>>}
       /\ next' = [next EXCEPT ![p] = time + 1]
  /\ UNCHANGED <<etcd, requests, phase, bound>>

(* ------------------------------- what etcd does -------------------------- *)

Expire ==
  /\ leased /= None
  /\ leased' = None
  /\ UNCHANGED <<owner, ownerRevision, mark, markRevision, revision, requests, process>>

ClaimLands(r) ==
  /\ r.kind = "claim"
  /\ leased = None
  /\ GuardRevisions =>
       /\ ownerRevision = r.ownerRevision
       /\ markRevision = r.markRevision
  /\ owner' = r.by /\ mark' = r.mark /\ leased' = r.by
  /\ Write
  /\ ownerRevision' = revision + 1 /\ markRevision' = revision + 1
  /\ \/ UNCHANGED process
     \/ /\ phase[r.by] = "claiming"
        /\ phase' = [phase EXCEPT ![r.by] = "running"]
        /\ next' = [next EXCEPT ![r.by] = r.first]
        /\ bound' = [bound EXCEPT ![r.by] = r.mark]
        /\ UNCHANGED issued

Mine(r) == owner = r.by \/ ~GuardOwner

ExtendLands(r) ==
  /\ r.kind = "extend"
  /\ Mine(r)
  /\ GuardLater => mark < r.mark
  /\ mark' = r.mark
  /\ Write
  /\ markRevision' = revision + 1
  /\ \/ UNCHANGED process
     \/ /\ bound' = [bound EXCEPT ![r.by] = Max(bound[r.by], r.mark)]
        /\ UNCHANGED <<phase, next, issued>>
  /\ UNCHANGED <<owner, ownerRevision, leased>>

\* The owner is told that a later mark is stored already: that is as good.
ExtendIsStored(r) ==
  /\ r.kind = "extend"
  /\ owner = r.by /\ mark >= r.mark
  /\ bound[r.by] < r.mark
  /\ bound' = [bound EXCEPT ![r.by] = r.mark]
  /\ UNCHANGED <<etcd, phase, next, issued>>

\* Whoever asks and is not the owner learns it, and asks no more.
Fence(r) ==
  /\ r.kind \in {"extend", "return"}
  /\ owner /= r.by
  /\ phase[r.by] = "running"
  /\ phase' = [phase EXCEPT ![r.by] = "fenced"]
  /\ UNCHANGED <<etcd, next, bound, issued>>

ReturnLands(r) ==
  /\ r.kind = "return"
  /\ owner = r.by
  /\ leased' = r.by
  /\ UNCHANGED <<owner, ownerRevision, mark, markRevision, revision, process>>

ReleaseLands(r) ==
  /\ r.kind = "release"
  /\ owner = r.by
  /\ owner' = None /\ ownerRevision' = 0
  /\ mark' = r.mark
  /\ leased' = None
  /\ Write
  /\ markRevision' = revision + 1
  /\ UNCHANGED process

Land(r) ==
  /\ ClaimLands(r) \/ ExtendLands(r) \/ ExtendIsStored(r) \/ Fence(r) \/ ReturnLands(r) \/ ReleaseLands(r)
  /\ UNCHANGED requests

Next ==
  \/ \E p \in Processes : Claim(p) \/ Extend(p) \/ Return(p) \/ Release(p) \/ Issue(p)
  \/ \E r \in requests : Land(r)
  \/ Expire

Spec == Init /\ [][Next]_vars

(* ------------------------------ what has to hold ------------------------- *)

\* No time is used twice: within a process `next` only rises.
Unique ==
  \A one \in issued : \A other \in issued : one[2] = other[2] => one[1] = other[1]

\* What a process may still use is below the mark, as long as it is the owner.
Covered ==
  \A p \in Processes : owner = p => bound[p] <= mark

\* Not a promise: it is false, or else nothing of this is worth anything.
Alone ==
  \A one \in issued : \A other \in issued : one[1] = other[1]
=============================================================================
