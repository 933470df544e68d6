#!/usr/bin/env escript
%%! +S 1:1
%% Plays scenarios with the supervisors of Erlang/OTP, as ../test/otp/staged-tree.ts plays them with ours.
%% A scenario is a line on stdin, an Erlang term. What happened is printed step by step, and closes with a line 'over'.
%%
%% Nothing here waits for luck. An exit is delivered while the supervisor is suspended, so that several come in a known
%% order. A step is over when no supervisor of the tree lists a child that restarts or that is dead. The one scheduler
%% and the priority of the journal make it note an end before the supervisor that waits for it goes on.
-module(supervisors).
-mode(compile).
-behaviour(supervisor).
-export([main/1, init/1, start_worker/1, start_supervisor/1]).

main(_) ->
    logger:set_primary_config(level, none),
    io:setopts([{encoding, latin1}]),
    read().

read() ->
    case io:get_line("") of
        eof ->
            ok;
        Line ->
            {ok, Tokens, _} = erl_scan:string(Line),
            {ok, Scenario} = erl_parse:parse_term(Tokens),
            {Pid, Ref} = spawn_monitor(fun() -> play(Scenario) end),
            receive {'DOWN', Ref, process, Pid, Reason} -> over(Reason)
            after 60000 -> exit(Pid, kill), over(hangs)
            end,
            read()
    end.

over(normal) -> io:format("over~n");
over(Reason) -> io:format("broken ~0p~nover~n", [Reason]).

%% A scenario

play({Root, Steps, End}) ->
    process_flag(trap_exit, true),
    starts = ets:new(starts, [named_table, public]),
    incarnations = ets:new(incarnations, [named_table, public]),
    Played = self(),
    put(lineage, []),
    Journal = spawn_opt(fun() -> journal(Played) end, [link, {priority, high}]),
    register(journal, Journal),
    case start_supervisor(Root) of
        {ok, Pid} ->
            report("ok", Pid),
            perform(Steps, Pid, End);
        {error, _} ->
            await_orphans(0),
            print_events(),
            io:format("result not started~n")
    end,
    call(close).

perform(Steps, Root, End) ->
    case {is_process_alive(Root), Steps} of
        {false, _} ->
            ok;
        {true, []} ->
            finish(End, Root),
            report("ok", Root);
        {true, [Step | Others]} ->
            report(do(Step), Root),
            perform(Others, Root, End)
    end.

%% It stops when an exit comes from its parent.
finish(stop, Root) -> exit(Root, shutdown), await_death(Root);
finish(kill, Root) -> exit(Root, kill), await_death(Root).

do({exit, Exits}) ->
    case [{Id, Pid, Sup, Reason} || {Id, Reason} <- Exits, {Pid, Sup} <- alive(Id)] of
        [] -> "skipped";
        [{_, _, Sup, _} | _] = Known -> exit_all([One || {_, _, S, _} = One <- Known, S =:= Sup], Sup)
    end;
do({Command, SupId, Argument}) ->
    case alive(SupId) of
        [] -> "skipped";
        [{Sup, _}] -> command(Command, Sup, Argument)
    end.

exit_all(Exits, Sup) ->
    erlang:suspend_process(Sup),
    [begin end_it(Pid, Reason), await_exit_message(Sup, Pid) end || {_, Pid, _, Reason} <- Exits],
    erlang:resume_process(Sup),
    "ok".

command(terminate, Sup, Id) -> result(supervisor:terminate_child(Sup, Id));
command(restart, Sup, Id) -> result(supervisor:restart_child(Sup, Id));
command(delete, Sup, Id) -> result(supervisor:delete_child(Sup, Id));
command(start, Sup, Spec) -> result(supervisor:start_child(Sup, child_spec(Spec))).

result(ok) -> "ok";
result({ok, _}) -> "ok";
result({error, running}) -> "running";
result({error, restarting}) -> "restarting";
result({error, not_found}) -> "not_found";
result({error, already_present}) -> "exists";
result({error, {already_started, _}}) -> "exists";
result({error, _}) -> "failed".

%% What children are made of

init({#{strategy := Strategy, intensity := Intensity, auto_shutdown := Auto, children := Children}, Name, Ancestors}) ->
    %% Here, since it may have ended when its start returns.
    call({watch, self(), Name, Ancestors}),
    put(lineage, [Name | Ancestors]),
    %% So long that time plays no part.
    Flags = #{strategy => Strategy, intensity => Intensity, period => 1000000, auto_shutdown => Auto},
    {ok, {Flags, [child_spec(Child) || Child <- Children]}}.

child_spec(#{id := Id, restart := Restart, significant := Significant, shutdown := Shutdown, type := Type} = Spec) ->
    Start = case Type of worker -> start_worker; supervisor -> start_supervisor end,
    #{id => Id, start => {?MODULE, Start, [Spec]}, restart => Restart, significant => Significant,
      shutdown => Shutdown, type => Type}.

%% In the process of the supervisor, as all starts.
start_worker(#{id := Id, starts := Starts, stop := Stop}) ->
    N = ets:update_counter(starts, Id, 1, {Id, 0}),
    Outcome = case N =< length(Starts) of true -> lists:nth(N, Starts); false -> ok end,
    call({note, {started, {Id, N}, Outcome}}),
    case Outcome of
        error -> {error, scripted};
        ignore -> ignore;
        ok -> {ok, spawn_worker(Id, N, Stop)};
        {exits, Reason} ->
            Pid = spawn_worker(Id, N, Stop),
            end_it(Pid, Reason),
            await_exit_message(self(), Pid),
            {ok, Pid}
    end.

start_supervisor(#{id := Id} = Spec) ->
    N = ets:update_counter(starts, Id, 1, {Id, 0}),
    Name = {Id, N},
    call({note, {started, Name, ok}}),
    case supervisor:start_link(?MODULE, {Spec, Name, get(lineage)}) of
        {ok, Pid} ->
            ets:insert(incarnations, {Id, Pid, self()}),
            %% What its children do by themselves when they have started is over before the next sibling starts.
            case settle(Pid) of
                settled -> ok;
                dead -> await_exit_message(self(), Pid)
            end,
            {ok, Pid};
        {error, Reason} ->
            call({forget, Name}),
            {error, Reason}
    end.

spawn_worker(Id, N, Stop) ->
    Parent = self(),
    Pid = spawn_link(fun() ->
        process_flag(trap_exit, true),
        Parent ! {self(), ready},
        work(Parent, Stop)
    end),
    receive {Pid, ready} -> ok end,
    ets:insert(incarnations, {Id, Pid, Parent}),
    call({watch, Pid, {Id, N}, get(lineage)}),
    Pid.

work(Parent, Stop) ->
    receive
        {quit, Reason} -> exit(Reason);
        {'EXIT', Parent, shutdown} when Stop =:= deaf -> work(Parent, Stop);
        {'EXIT', Parent, shutdown} -> exit(erlang_reason(Stop));
        %% It was killed, and so are they.
        {'EXIT', Parent, _} -> exit(orphaned)
    end.

alive(Id) ->
    [{Pid, Sup} || {_, Pid, Sup} <- ets:lookup(incarnations, Id), is_process_alive(Pid), is_process_alive(Sup)].

end_it(Pid, kill) -> exit(Pid, kill);
end_it(Pid, Reason) -> Pid ! {quit, erlang_reason(Reason)}.

erlang_reason(failed) -> an_error;
erlang_reason(shutdown_term) -> {shutdown, for_a_reason};
erlang_reason(Reason) -> Reason.

printed({exits, _}) -> exits;
printed(Outcome) -> Outcome.

%% Waiting

await_exit_message(Sup, Pid) ->
    {messages, Messages} = process_info(Sup, messages),
    case [P || {'EXIT', P, _} <- Messages, P =:= Pid] of
        [] -> erlang:yield(), await_exit_message(Sup, Pid);
        _ -> call(sync)
    end.

await_death(Pid) ->
    Ref = monitor(process, Pid),
    receive {'DOWN', Ref, process, Pid, _} -> ok end.

settle(Sup) ->
    case look(Sup) of
        busy -> erlang:yield(), settle(Sup);
        Seen -> Seen
    end.

look(Sup) ->
    try supervisor:which_children(Sup) of
        Children ->
            case lists:all(fun is_settled/1, Children) of
                true -> settled;
                false -> busy
            end
    catch
        exit:_ ->
            case is_process_alive(Sup) of
                true -> busy;
                false -> dead
            end
    end.

is_settled({_, undefined, _, _}) -> true;
is_settled({_, restarting, _, _}) -> false;
is_settled({_, Pid, supervisor, _}) -> look(Pid) =:= settled;
is_settled({_, Pid, worker, _}) -> is_process_alive(Pid).

%% Those of a supervisor that was killed end by themselves, after it.
await_orphans(Known) -> await_orphans(Known, erlang:monotonic_time(millisecond) + 10000).

await_orphans(Known, Until) ->
    case {call(living), erlang:monotonic_time(millisecond) > Until} of
        {Known, _} -> ok;
        {Living, true} -> io:format("event ~b processes are in no supervisor~n", [Living - Known]);
        _ -> erlang:yield(), await_orphans(Known, Until)
    end.

%% The report of a step

report(Result, Root) ->
    case settle(Root) of
        settled ->
            {Tree, Size} = tree(Root),
            await_orphans(Size + 1),
            print_events(),
            io:format("result ~s~ntree ~s~n", [Result, Tree]);
        dead ->
            Reason = receive {'EXIT', Root, R} -> R end,
            await_orphans(0),
            print_events(),
            io:format("result ~s~nended ~s~n", [Result, ours(Reason)])
    end.

print_events() -> [print_event(Event) || Event <- call(take)].

print_event({started, {Id, N}, Outcome}) ->
    io:format("event + ~s ~b ~s~n", [Id, N, printed(Outcome)]);
print_event({ended, {Id, N}, Reason, Ancestors}) ->
    Names = lists:join($,, [io_lib:format("~s#~b", [A, M]) || {A, M} <- Ancestors]),
    io:format("event - ~s ~b ~s ~s~n", [Id, N, ours(Reason), Names]).

tree(Sup) ->
    {Texts, Sizes} = lists:unzip([branch(Child) || Child <- lists:reverse(supervisor:which_children(Sup))]),
    {lists:join($\s, Texts), lists:sum(Sizes)}.

branch({Id, undefined, _, _}) ->
    {io_lib:format("~s:~b:undefined", [Id, started(Id)]), 0};
branch({Id, Pid, supervisor, _}) ->
    {Text, Size} = tree(Pid),
    {io_lib:format("~s:~b(~s)", [Id, started(Id), Text]), Size + 1};
branch({Id, _, worker, _}) ->
    {io_lib:format("~s:~b", [Id, started(Id)]), 1}.

started(Id) -> ets:lookup_element(starts, Id, 2).

ours(normal) -> normal;
ours(shutdown) -> shutdown;
ours({shutdown, _}) -> shutdown;
ours(killed) -> killed;
ours(_) -> failed.

%% The journal: starts, as they are told, and ends, as it sees them

journal(Played) -> journal(Played, [], #{}).

journal(Played, Events, Living) ->
    receive
        {'DOWN', Ref, process, _, Reason} ->
            #{Ref := {Name, Ancestors}} = Living,
            journal(Played, [{ended, Name, Reason, Ancestors} | Events], maps:remove(Ref, Living));
        {From, Tag, {note, Event}} ->
            From ! {Tag, ok},
            journal(Played, [Event | Events], Living);
        {From, Tag, {watch, Pid, Name, Ancestors}} ->
            Ref = monitor(process, Pid),
            From ! {Tag, ok},
            journal(Played, Events, Living#{Ref => {Name, Ancestors}});
        {From, Tag, {forget, Name}} ->
            %% A supervisor that did not start: whether its end is noted yet, nobody knows.
            Known = [Ref || {Ref, {N, _}} <- maps:to_list(Living), N =:= Name],
            [demonitor(Ref, [flush]) || Ref <- Known],
            From ! {Tag, ok},
            journal(Played, [E || E <- Events, not is_end_of(E, Name)], maps:without(Known, Living));
        {From, Tag, sync} ->
            From ! {Tag, ok},
            journal(Played, Events, Living);
        {From, Tag, living} ->
            From ! {Tag, map_size(Living)},
            journal(Played, Events, Living);
        {From, Tag, take} ->
            From ! {Tag, lists:reverse(Events)},
            journal(Played, [], Living);
        {From, Tag, close} ->
            unlink(Played),
            From ! {Tag, ok}
    end.

is_end_of({ended, Name, _, _}, Name) -> true;
is_end_of(_, _) -> false.

call(Request) ->
    Tag = make_ref(),
    journal ! {self(), Tag, Request},
    receive {Tag, Answer} -> Answer end.
